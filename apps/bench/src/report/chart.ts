/** Growth curves as an SVG with logarithmic axes, which reads on light and dark pages. */

export interface Curve {
  readonly name: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

const TITLE = 'Growth with the number of endpoints: round_robin beside custom_round_robin';
const WIDTH = 720;
const HEIGHT = 400;
const LEFT = 80;
const RIGHT = 235;
const TOP = 20;
const BOTTOM = 45;
const COLOURS = ['#d1495b', '#e08e45', '#2a7f9e', '#3c9d6b'];
const INK = '#808080';

/** The powers of ten from just below the least to just above the greatest value. */
export function decades(values: readonly number[]): number[] {
  const positive = values.filter((value) => value > 0);
  if (positive.length === 0) return [];
  const first = Math.floor(Math.log10(Math.min(...positive)));
  const last = Math.max(Math.ceil(Math.log10(Math.max(...positive))), first + 1);
  return Array.from({ length: last - first + 1 }, (_, index) => Number(`1e${first + index}`));
}

export function growthChart(curves: readonly Curve[], unit: string): string {
  const points = curves.flatMap((curve) => curve.points);
  const xTicks = decades(points.map(({ x }) => x));
  const yTicks = decades(points.map(({ y }) => y));
  const scaled = (value: number, ticks: readonly number[]): number => {
    const low = Math.log10(ticks[0] ?? 1);
    const high = Math.log10(ticks.at(-1) ?? 10);
    return (Math.log10(value) - low) / (high - low);
  };
  const px = (x: number): string => (LEFT + scaled(x, xTicks) * (WIDTH - LEFT - RIGHT)).toFixed(1);
  const py = (y: number): string =>
    (HEIGHT - BOTTOM - scaled(y, yTicks) * (HEIGHT - TOP - BOTTOM)).toFixed(1);
  const grid = [
    ...xTicks.map(
      (x) =>
        `<line x1="${px(x)}" y1="${TOP}" x2="${px(x)}" y2="${HEIGHT - BOTTOM}"/><text x="${px(x)}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${x.toLocaleString('en-US')}</text>`,
    ),
    ...yTicks.map(
      (y) =>
        `<line x1="${LEFT}" y1="${py(y)}" x2="${WIDTH - RIGHT}" y2="${py(y)}"/><text x="${LEFT - 8}" y="${Number(py(y)) + 4}" text-anchor="end">${y.toLocaleString('en-US', { maximumFractionDigits: 6 })} ${unit}</text>`,
    ),
    `<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 8}" text-anchor="middle">endpoints</text>`,
  ];
  const lines = curves.map(({ name, points: curvePoints }, index) => {
    const colour = COLOURS[index % COLOURS.length] ?? INK;
    const drawn = curvePoints.filter(({ x, y }) => x > 0 && y > 0);
    const path = drawn.map(({ x, y }) => `${px(x)},${py(y)}`).join(' ');
    const dots = drawn
      .map(({ x, y }) => `<circle cx="${px(x)}" cy="${py(y)}" r="3" fill="${colour}"/>`)
      .join('');
    const y = TOP + 14 + index * 36;
    const [policy = '', what = ''] = name.split(': ');
    const label = `<line x1="${WIDTH - RIGHT + 15}" y1="${y - 4}" x2="${WIDTH - RIGHT + 35}" y2="${y - 4}" stroke="${colour}" stroke-width="3"/><text x="${WIDTH - RIGHT + 42}" y="${y}">${policy}<tspan x="${WIDTH - RIGHT + 42}" dy="14">${what}</tspan></text>`;
    return `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>${dots}${label}`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" fill="${INK}">`,
    `<title>${TITLE}</title>`,
    `<g stroke="${INK}" stroke-opacity="0.25" stroke-width="1">${grid.join('').replaceAll('<text ', '<text stroke="none" ')}</g>`,
    ...lines,
    '</svg>',
    '',
  ].join('\n');
}
