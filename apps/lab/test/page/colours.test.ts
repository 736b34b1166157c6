/** Texts can be read in both themes: WCAG 2.2 asks for a contrast of 4.5 to 1, and of 3 to 1 for lines and edges. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const CSS = readFileSync(new URL('../../src/page/style/colours.css', import.meta.url), 'utf8');

const SERVERS = Array.from({ length: 10 }, (_, index) => [`server-${index}`, 'on-server', 4.5] as const);

const PAIRS: readonly (readonly [string, string, number])[] = [
  ['text', 'page', 4.5],
  ['text', 'panel', 4.5],
  ['text', 'soft', 4.5],
  ['text', 'bad-soft', 4.5],
  ['quiet', 'page', 4.5],
  ['quiet', 'panel', 4.5],
  ['quiet', 'sunken', 4.5],
  ['on-accent', 'accent', 4.5],
  ['accent', 'soft', 4.5],
  ['accent', 'page', 3],
  ['good', 'good-soft', 4.5],
  ['warn', 'warn-soft', 4.5],
  ['bad', 'bad-soft', 4.5],
  ['bad', 'panel', 4.5],
  ['bad', 'on-server', 4.5],
  ['edge', 'panel', 3],
  ...SERVERS,
  ...SERVERS.map(([name]) => [name, 'panel', 3] as const),
];

it.each(['light', 'dark'])('in %s colours everything stands out enough', (theme) => {
  const colours = coloursOf(theme);
  const faint = PAIRS.filter(([one, other, least]) => contrast(colours(one), colours(other)) < least);
  expect(faint).toEqual([]);
});

function coloursOf(theme: string): (name: string) => string {
  const block = CSS.slice(CSS.indexOf(`[data-theme="${theme}"]`));
  const colours = new Map(
    [...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name, value]) => [name, value]).reverse() as [
      string,
      string,
    ][],
  );
  return (name) => {
    const value = colours.get(name);
    if (value === undefined) throw new Error(`${theme} has no colour ${name}`);
    return value;
  };
}

function contrast(one: string, other: string): number {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
