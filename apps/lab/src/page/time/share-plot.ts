/** The share of each endpoint, one above the other; what no endpoint took is red, on top. */
import type uPlot from 'uplot';
import type { Series } from '../lab/history.js';
import { colour, colourOf, isStriped } from '../look/colours.js';
import { percent } from '../look/numbers.js';
import type { Drawn, Kind } from './plot.js';

/** What has less has no number beside the plot. */
const LEAST_SHARE = 0.005;

export const sharePlot: Kind = {
  draw: ({ at, ids, shares }: Series): Drawn => {
    // The highest sum is drawn first, and each further one over its lower part.
    const bottomUp = [...ids, 0];
    const sums: number[][] = [];
    for (const id of bottomUp) {
      const below = sums.at(-1);
      sums.push((shares.get(id) ?? []).map((share, index) => share + (below?.[index] ?? 0)));
    }
    return { ids: bottomUp.toReversed(), data: [[...at], ...sums.toReversed()] };
  },
  series: (id) => ({
    stroke: colour('panel'),
    width: 1,
    fill: () => fillOf(id),
    points: { show: false },
  }),
  scale: { range: [0, 1] },
  axis: { size: 44, values: (_, splits) => splits.map((part) => `${Math.round(part * 100)} %`) },
  ends: (plot, ids) => {
    const last = (plot.data[0]?.length ?? 0) - 1;
    return ids.flatMap((id, index) => {
      const { top, share } = bandOf(plot, index, last);
      return share < LEAST_SHARE ? [] : [{ id, value: top - share / 2 }];
    });
  },
  read: (plot, ids, index) =>
    ids
      .map((id, series) => ({ id, text: percent(bandOf(plot, series, index).share) }))
      .reverse()
      .filter(({ id, text }) => id !== 0 || text !== '0 %'),
};

/** Each series is the sum of itself and those that come after it. */
function bandOf(
  plot: uPlot,
  series: number,
  point: number,
): { readonly top: number; readonly share: number } {
  const top = plot.data[series + 1]?.[point] ?? 0;
  return { top, share: top - (plot.data[series + 2]?.[point] ?? 0) };
}

/** The eleventh server has the colour of the first, with stripes. */
function fillOf(id: number): string | CanvasPattern {
  if (!isStriped(id)) return colourOf(id);
  const tile = document.createElement('canvas');
  tile.width = 8;
  tile.height = 8;
  const context = tile.getContext('2d');
  if (context === null) return colourOf(id);
  context.fillStyle = colourOf(id);
  context.fillRect(0, 0, 8, 8);
  context.fillStyle = colour('panel');
  context.fillRect(0, 0, 8, 2);
  return context.createPattern(tile, 'repeat') ?? colourOf(id);
}
