/** What a misspelt name probably stands for, and how messages ask. */
import { show } from './show.js';

/** Long enough to tell which name it is a part of: `loadBalancing`, `throttling`. */
const LONG = 8;

/** `did you mean "repeatCount"?`, or undefined where no candidate is near. */
export function didYouMean(name: string, candidates: Iterable<string>): string | undefined {
  const meant = nearMiss(name, candidates);
  return meant === undefined ? undefined : `did you mean ${show(meant)}?`;
}

/** The candidate that differs in case, underscores, a few letters, or is a longer name; undefined if none does. */
export function nearMiss(name: string, candidates: Iterable<string>): string | undefined {
  const wanted = plain(name);
  let best: string | undefined;
  // A longer name has room for more slips; a short one soon resembles anything.
  let least = Math.min(3, Math.floor(wanted.length / 4)) + 1;
  for (const candidate of candidates) {
    const full = plain(candidate);
    const isPart = wanted.length >= LONG && full.includes(wanted);
    const distance = isPart ? Math.min(1, full.length - wanted.length) : editDistance(wanted, full);
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best;
}

/** `CustomRoundRobin`, `custom-round-robin` and `custom_round_robin_experimental` are the same. */
function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[_-]|experimental$/g, '');
}

/** Levenshtein's: the letters to insert, remove or replace. Only the last row of its table is kept. */
function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 3) return Number.POSITIVE_INFINITY;
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
