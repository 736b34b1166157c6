/** The latency of each endpoint on a logarithmic scale, each line with its number at the end. */
import uPlot from 'uplot';
import { colour, colourOf, isStriped } from '../look/colours.js';
import { milliseconds } from '../look/numbers.js';
import type { Kind } from './plot.js';

/** Logarithms need something above zero. */
const LEAST_MS = 0.1;

export function latencyPlot(of: 'p50' | 'p99'): Kind {
  return {
    draw: (series) => ({
      ids: series.ids,
      data: [
        [...series.at],
        ...series.ids.map((id) =>
          (series[of].get(id) ?? []).map((ms) => (ms === undefined ? null : Math.max(LEAST_MS, ms))),
        ),
      ],
    }),
    series: (id) => ({
      stroke: colourOf(id),
      width: 2,
      points: { show: false },
      ...(isStriped(id) && { dash: [6, 4] }),
    }),
    scale: {
      distr: 3,
      range: (_, min, max) => [
        10 ** Math.floor(Math.log10(min || 1)),
        10 ** Math.ceil(Math.log10(Math.max(max || 10, (min || 1) * 1.1))),
      ],
    },
    axis: {
      size: 52,
      values: (_, splits) => splits.map((ms) => (isDecade(ms) ? label(ms) : '')),
      filter: (_, splits) => splits.map((ms) => (isDecade(ms) ? ms : null)),
      grid: {
        stroke: () => colour('line'),
        width: 1,
        filter: (_, splits) => splits.map((ms) => (isDecade(ms) ? ms : null)),
      },
    },
    over: (plot, ids) => {
      const { ctx, data } = plot;
      const ratio = uPlot.pxRatio;
      ctx.save();
      ctx.font = `600 ${11 * ratio}px ${colour('font')}`;
      ctx.textBaseline = 'bottom';
      ctx.lineWidth = 4 * ratio;
      ctx.lineJoin = 'round';
      ctx.strokeStyle = colour('panel');
      ids.forEach((id, index) => {
        const column = data[index + 1] ?? [];
        const last = column.findLastIndex((ms) => typeof ms === 'number');
        const ms = column[last];
        // An endpoint that is gone has its line and no number; beside each other they would cover one another.
        if (typeof ms !== 'number' || last < column.length - 3) return;
        ctx.fillStyle = colourOf(id);
        const x = plot.valToPos(data[0]?.[last] ?? 0, 'x', true) - (10 + (index % 6) * 14) * ratio;
        const y = plot.valToPos(ms, 'y', true) - 2 * ratio;
        ctx.strokeText(String(id), x, y);
        ctx.fillText(String(id), x, y);
      });
      ctx.restore();
    },
  };
}

function isDecade(ms: number): boolean {
  return Math.abs(Math.log10(ms) - Math.round(Math.log10(ms))) < 1e-6;
}

function label(ms: number): string {
  return milliseconds(ms).replace(/\.0+ /, ' ').replace('0.10', '0.1');
}
