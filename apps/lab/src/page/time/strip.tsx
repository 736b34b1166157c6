/** Where the last RPCs went, one cell each, the newest on the right. Below it those that no endpoint took. */
import type { JSX } from 'preact';
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { useBeat, useLab } from '../lab/lab.js';
import { useValue } from '../lab/value.js';
import { clear, useCanvasSize } from '../look/canvas.js';
import { colour, colourOf, isStriped } from '../look/colours.js';
import { Panel } from '../look/panel.js';
import { theme } from '../look/theme.js';
import { runsOf } from './runs.js';

const CELL = 15;
const ROW = 26;
const LOST_ROW = 14;
/** The RPCs that a screen reader hears of. */
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
    for (const { id, length } of runsOf(picks)) {
      const [left, extent] = [index * CELL, length * CELL - 2];
      const top = id === 0 ? ROW + 4 : 0;
      const height = id === 0 ? LOST_ROW : ROW;
      context.fillStyle = colourOf(id);
      context.beginPath();
      context.roundRect(left, top, extent, height, 4);
      context.fill();
      context.fillStyle = colour('on-server');
      if (isStriped(id)) context.fillRect(left, top + height - 4, extent, 1.5);
      context.font = `600 ${id < 10 ? 11 : 9}px ${colour('font')}`;
      for (let cell = 0; cell < length; cell++)
        context.fillText(id === 0 ? '✗' : String(id), left + (cell + 0.5) * CELL - 1, top + height / 2 + 1);
      index += length;
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
    <Panel part="strip" title="One cell, one RPC" tools={<span class="hint">newest on the right</span>}>
      <canvas ref={canvas} class="strip" role="img" aria-label={told} />
    </Panel>
  );
}

function inWords(picks: readonly number[]): string {
  if (picks.length === 0) return 'No RPC has ended yet.';
  const runs = runsOf(picks).map(({ id, length }) => `${length} to ${id === 0 ? 'none' : id}`);
  return `The last ${picks.length} RPCs, the newest last: ${runs.join(', ')}.`;
}
