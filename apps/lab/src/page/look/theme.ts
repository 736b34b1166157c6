/** Light or dark: what the system prefers, until somebody says otherwise. Kept in the browser's storage. */
import { Value } from '../lab/value.js';
import { Kept } from './kept.js';

export type Theme = 'light' | 'dark';

const kept = new Kept('theme', () => localStorage);
const prefersDark = matchMedia('(prefers-color-scheme: dark)');

function preferred(): Theme {
  return prefersDark.matches ? 'dark' : 'light';
}

function chosen(): Theme | undefined {
  const value = kept.read();
  return value === 'light' || value === 'dark' ? value : undefined;
}

export const theme = new Value<Theme>(chosen() ?? preferred());

prefersDark.addEventListener('change', () => {
  if (chosen() === undefined) theme.set(preferred());
});

export function toggleTheme(): void {
  const other = theme.get() === 'dark' ? 'light' : 'dark';
  kept.write(other);
  theme.set(other);
}

function show(): void {
  document.documentElement.dataset.theme = theme.get();
}

show();
theme.subscribe(show);
