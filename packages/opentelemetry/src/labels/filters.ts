/**
 * A program's own functions that choose channels, targets and methods. They are asked in the middle of RPCs, so a mistake in
 * one costs no RPC: it is logged once, and the default is the answer.
 */
import { firstError, show } from '../grpc-js/log.js';
import { kept } from './kept.js';
import { methodName } from './method.js';
import type { LabelOptions } from './options.js';

/** What is said of everything where a program has no such function. */
const DEFAULTS = {
  channels: true,
  targetAttributeFilter: true,
  genericMethodAttributeFilter: false,
} as const;

/** Methods are asked about by their path. */
export type Filters = Readonly<Record<keyof typeof DEFAULTS, (value: string) => boolean>>;

/** The methods that a filter is asked about once; it is asked about more of them each time. */
const MOST_METHODS = 1000;

export function filtersOf(options: LabelOptions): Filters {
  const isLabel = guarded(options, 'genericMethodAttributeFilter');
  const known = new Map<string, boolean>();
  return {
    channels: guarded(options, 'channels'),
    targetAttributeFilter: guarded(options, 'targetAttributeFilter'),
    genericMethodAttributeFilter: (path) =>
      known.get(path) ?? kept(known, path, () => isLabel(methodName(path)), MOST_METHODS),
  };
}

function guarded(options: LabelOptions, name: keyof Filters): (value: string) => boolean {
  const otherwise = DEFAULTS[name];
  const filter = options[name] ?? (() => otherwise);
  const report = firstError();
  return (value) => {
    try {
      return filter(value);
    } catch (error) {
      report(`${name} threw for ${show(value)}; ${otherwise} counts`, error);
      return otherwise;
    }
  };
}
