/**
 * Where the last attempts went, one cell each, in the order in which they were sent, the newest on the right: an RPC has one
 * attempt, unless it is tried again or hedged. Those that failed are marked; those that no endpoint took stand below.
 */
import type { JSX } from 'preact';
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { useBeat, useLab } from '../lab/lab.js';
import { useValue } from '../lab/value.js';
import { clear, useCanvasSize } from '../look/canvas.js';
import { colour, colourOf, isStriped } from '../look/colours.js';
import { Panel } from '../look/panel.js';
import { theme } from '../look/theme.js';
import { inWords, runsOf } from './runs.js';

const CELL = 15;
const ROW = 26;
const LOST_ROW = 14;
/** The part of a cell that is red when its attempt has failed. */
const FAILED = 13;
/** The attempts that a screen reader hears of. */
const TOLD = 24;

export function Strip(): JSX.Element {
  const lab = useLab();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [told, tell] = useState(() => inWords(lab.history.picks(TOLD)));
  const pausedAt = useValue(lab.pausedAt);
  const mode = useValue(theme);

  const draw = useCallback(() => {
    const surface = clear(canvas.current);
    if (surface === undefined) return;
    const { context, width } = surface;
    const cells = Math.floor(width / CELL);
    const picks = lab.history.picks(cells, lab.shownAt);
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    let index = cells - picks.length;
    const write = (text: string, cell: number, y: number): void =>
      context.fillText(text, (index + cell + 0.5) * CELL - 1, y);
    for (const { server, failed } of runsOf(picks)) {
      const [left, extent] = [index * CELL, failed.length * CELL - 2];
      const isLost = server === 0;
      const top = isLost ? ROW + 4 : 0;
      const height = isLost ? LOST_ROW : ROW;
      context.fillStyle = colourOf(server);
      context.beginPath();
      context.roundRect(left, top, extent, height, 4);
      context.fill();
      context.font = `600 ${server < 10 ? 11 : 9}px ${colour('font')}`;
      failed.forEach((isFailed, cell) => {
        const isMarked = isFailed && !isLost;
        if (isMarked) {
          context.fillStyle = colour('bad');
          context.fillRect(left + cell * CELL - (cell === 0 ? 0 : 1), ROW - FAILED, CELL - 1, FAILED);
        }
        context.fillStyle = colour('on-server');
        if (isStriped(server)) context.fillRect(left + cell * CELL, top + height - 4, CELL - 2, 1.5);
        if (!isLost) write(String(server), cell, isMarked ? (ROW - FAILED) / 2 + 1 : height / 2 + 1);
        if (isLost || isMarked) write('✗', cell, isLost ? top + height / 2 + 1 : ROW - FAILED / 2 + 1);
      });
      index += failed.length;
    }
  }, [lab, mode]);
  const describe = useCallback(() => {
    if (lab.pausedAt.get() === undefined) tell(inWords(lab.history.picks(TOLD)));
  }, [lab]);

  useCanvasSize(canvas, draw);
  useBeat(
    useCallback(() => {
      if (lab.pausedAt.get() === undefined) draw();
    }, [lab, draw]),
    1,
  );
  useBeat(describe, 20);
  useEffect(draw, [draw, pausedAt]);
  return (
    <Panel
      part="strip"
      title="One cell, one attempt of an RPC"
      tools={
        <span class="hint">in the order in which they were sent, the newest on the right; ✗ has failed</span>
      }
    >
      <canvas ref={canvas} class="strip" role="img" aria-label={told} />
    </Panel>
  );
}
