/** The colours of servers, for canvases: the stylesheet has them, in light and dark. A number is always beside a colour. */
import { theme } from './theme.js';

/** The stylesheet has this many; later servers have the same colours with stripes. */
export const COLOURS = 10;

/** The class that has the colour of a server; for those that share one, stripes tell them apart. */
export function colourClass(id: number): string {
  return `colour-${(id - 1) % COLOURS}${isStriped(id) ? ' striped' : ''}`;
}

export function isStriped(id: number): boolean {
  return Math.floor((id - 1) / COLOURS) % 2 === 1;
}

let read = new Map<string, string>();
theme.subscribe(() => {
  read = new Map();
});

/** A custom property of the stylesheet, as it is in the theme that is shown. */
export function colour(name: string): string {
  let value = read.get(name);
  if (value === undefined) {
    value = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
    read.set(name, value);
  }
  return value;
}

export function colourOf(id: number): string {
  return id === 0 ? colour('bad') : colour(`server-${(id - 1) % COLOURS}`);
}
