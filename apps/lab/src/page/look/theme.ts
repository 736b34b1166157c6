/** Light or dark: what the system prefers, until somebody says otherwise. Kept in the browser's storage. */
import { Value } from '../lab/value.js';

export type Theme = 'light' | 'dark';

const KEY = 'petiole-lab-theme';
const prefersDark = matchMedia('(prefers-color-scheme: dark)');

function preferred(): Theme {
  return prefersDark.matches ? 'dark' : 'light';
}

function kept(): Theme | undefined {
  try {
    const value = localStorage.getItem(KEY);
    return value === 'light' || value === 'dark' ? value : undefined;
  } catch {
    return undefined; // a browser that keeps nothing
  }
}

export const theme = new Value<Theme>(kept() ?? preferred());

prefersDark.addEventListener('change', () => {
  if (kept() === undefined) theme.set(preferred());
});

export function toggleTheme(): void {
  const other = theme.get() === 'dark' ? 'light' : 'dark';
  try {
    localStorage.setItem(KEY, other);
  } catch {
    // Then it lasts as long as the page.
  }
  theme.set(other);
}

function show(): void {
  document.documentElement.dataset.theme = theme.get();
}

show();
theme.subscribe(show);
