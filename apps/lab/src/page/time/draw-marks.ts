/** What somebody did, as thin lines in the plots with a few words above them. */
import uPlot from 'uplot';
import type { Mark } from '../../protocol.js';
import { colour } from '../look/colours.js';
import { layOut } from './marks.js';

/** The room above a plot, in CSS pixels: two rows of words. */
export const MARKS_HEIGHT = 28;
const ROW_HEIGHT = 12;
const FONT = 10;

export function drawMarks(plot: uPlot, marks: readonly Mark[]): void {
  const { ctx, bbox, scales } = plot;
  const { min = 0, max = 0 } = scales.x ?? {};
  const ratio = uPlot.pxRatio;
  const shown = marks
    .filter(({ at }) => at / 1_000 >= (min ?? 0) && at / 1_000 <= (max ?? 0))
    .map(({ at, text }) => ({ x: plot.valToPos(at / 1_000, 'x', true), text }));
  if (shown.length === 0) return;
  ctx.save();
  ctx.font = `${FONT * ratio}px ${colour('font')}`;
  ctx.textAlign = 'left';
  ctx.textBaseline = 'top';
  ctx.lineJoin = 'round';
  const right = ctx.canvas.width;
  const lines = layOut(shown, right, (text) => ctx.measureText(text).width);
  ctx.strokeStyle = colour('text');
  ctx.lineWidth = ratio;
  ctx.globalAlpha = 0.6;
  ctx.setLineDash([3 * ratio, 3 * ratio]);
  for (const { x, label } of lines) {
    ctx.beginPath();
    ctx.moveTo(x, label === undefined ? bbox.top : label.row * ROW_HEIGHT * ratio);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.fillStyle = colour('text');
  ctx.strokeStyle = colour('panel');
  ctx.lineWidth = 4 * ratio;
  ctx.globalAlpha = 1;
  ctx.setLineDash([]);
  for (const { label } of lines) {
    if (label === undefined) continue;
    const y = label.row * ROW_HEIGHT * ratio;
    ctx.strokeText(label.text, label.left, y);
    ctx.fillText(label.text, label.left, y);
  }
  ctx.restore();
}
