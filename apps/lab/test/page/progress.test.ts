/** What the guide remembers. */
import { expect, it } from 'vitest';
import { readProgress } from '../../src/page/guide/progress.js';

it('a guide that nobody has opened begins with its first step', () => {
  expect(readProgress(undefined)).toEqual({ open: 'Three in a row', done: [] });
});

it('what was kept is read again: the open step, if any, and what was done', () => {
  const progress = { open: 'A typing error', done: ['Stop a server'] };
  expect(readProgress(JSON.stringify(progress))).toEqual(progress);
  expect(readProgress('{ "done": [] }')).toEqual({ open: undefined, done: [] });
});

it('steps that there are no more, and what is no progress, are left out', () => {
  const kept = { open: 'An old step', done: ['An old step', 7, 'Stop a server'] };
  expect(readProgress(JSON.stringify(kept))).toEqual({ open: undefined, done: ['Stop a server'] });
  expect(readProgress('nonsense')).toEqual({ open: 'Three in a row', done: [] });
});
