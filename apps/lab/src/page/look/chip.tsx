/** A server's number in its colour. */
import type { JSX } from 'preact';
import { colourClass } from './colours.js';

export function Chip({ id }: { readonly id: number }): JSX.Element {
  return <span class={`chip ${colourClass(id)}`}>{id}</span>;
}
