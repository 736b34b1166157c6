/** The numbers of servers beside a plot, each where its line or area ends, moved apart so that none covers another. */
import uPlot from 'uplot';
import { colour, colourOf } from '../look/colours.js';
import { spread } from './spread.js';

/** The room on the right of a plot, in CSS pixels. */
export const LABELS_WIDTH = 40;
const LEAST_APART = 12;
const COLUMN_WIDTH = 17;

export interface EndLabel {
  readonly id: number;
  /** On the scale of the plot. */
  readonly value: number;
}

export function drawEndLabels(plot: uPlot, labels: readonly EndLabel[]): void {
  const { ctx, bbox } = plot;
  const ratio = uPlot.pxRatio;
  const apart = LEAST_APART * ratio;
  const byHeight = labels
    .map(({ id, value }) => ({ id, y: plot.valToPos(value, 'y', true) }))
    .sort((one, other) => one.y - other.y);
  // Where one column is too short for all, two take turns.
  const columns = byHeight.length * apart > bbox.height + apart ? 2 : 1;
  ctx.save();
  ctx.font = `600 ${11 * ratio}px ${colour('font')}`;
  ctx.textAlign = 'left';
  ctx.textBaseline = 'middle';
  for (let column = 0; column < columns; column++) {
    const own = byHeight.filter((_, index) => index % columns === column);
    const places = spread(
      own.map(({ y }) => y),
      apart,
      bbox.top,
      bbox.top + bbox.height,
    );
    const x = bbox.left + bbox.width + (5 + column * COLUMN_WIDTH) * ratio;
    own.forEach(({ id }, index) => {
      ctx.fillStyle = colourOf(id);
      ctx.fillText(id === 0 ? 'none' : String(id), x, places[index] ?? 0);
    });
  }
  ctx.restore();
}
