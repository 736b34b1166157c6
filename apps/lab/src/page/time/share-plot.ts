/** The share of each endpoint, one above the other; what no endpoint took is red, on top. */
import uPlot from 'uplot';
import type { Series } from '../lab/history.js';
import { colour, colourOf, isStriped } from '../look/colours.js';
import type { Drawn, Kind } from './plot.js';

const NARROWEST_FOR_A_NUMBER = 14;

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
  over: (plot, ids) => {
    const { ctx, data } = plot;
    const last = (data[0]?.length ?? 0) - 1;
    if (last < 0) return;
    const ratio = uPlot.pxRatio;
    ctx.save();
    ctx.font = `600 ${11 * ratio}px ${colour('font')}`;
    ctx.textAlign = 'right';
    ctx.textBaseline = 'middle';
    ctx.fillStyle = colour('on-server');
    const x =
      Math.min(plot.valToPos(data[0]?.[last] ?? 0, 'x', true), plot.bbox.left + plot.bbox.width) - 6 * ratio;
    ids.forEach((id, index) => {
      const top = plot.valToPos(data[index + 1]?.[last] ?? 0, 'y', true);
      const bottom = plot.valToPos(data[index + 2]?.[last] ?? 0, 'y', true);
      if (bottom - top >= NARROWEST_FOR_A_NUMBER * ratio)
        ctx.fillText(id === 0 ? 'none' : String(id), x, (top + bottom) / 2);
    });
    ctx.restore();
  },
};

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
