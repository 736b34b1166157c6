/** The latency of each endpoint on a logarithmic scale, each line with its number at the end. */
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
    ends: ({ data }, ids) =>
      ids.flatMap((id, index) => {
        const column = data[index + 1] ?? [];
        const last = column.findLastIndex((ms) => typeof ms === 'number');
        const value = column[last];
        // An endpoint that is gone has its line and no number.
        return typeof value !== 'number' || last < column.length - 3 ? [] : [{ id, value }];
      }),
    read: ({ data }, ids, point) =>
      ids.map((id, index) => ({ id, text: milliseconds(data[index + 1]?.[point] ?? undefined) })),
  };
}

function isDecade(ms: number): boolean {
  return Math.abs(Math.log10(ms) - Math.round(Math.log10(ms))) < 1e-6;
}

function label(ms: number): string {
  return milliseconds(ms).replace(/\.0+ /, ' ').replace('0.10', '0.1');
}
