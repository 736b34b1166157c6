/** How far somebody is in the guide: the step that is open, and the steps that were done. Kept until the tab is closed. */
import { parseObject } from '../config/json.js';
import { Value } from '../lab/value.js';
import { Kept } from '../look/kept.js';
import { STEPS } from './steps.js';

/** Steps are called by their titles. */
export interface Progress {
  /** Undefined: none. */
  readonly open: string | undefined;
  readonly done: readonly string[];
}

const kept = new Kept('guide', () => sessionStorage);

/** From what the browser kept: of another edition of the lab, perhaps. */
export function readProgress(text: string | undefined): Progress {
  const { open, done } = parseObject(text ?? '') ?? { open: STEPS[0]?.title ?? null, done: [] };
  return {
    open: isStep(open) ? open : undefined,
    done: Array.isArray(done) ? done.filter(isStep) : [],
  };
}

function isStep(title: unknown): title is string {
  return STEPS.some((step) => step.title === title);
}

export const progress = new Value<Progress>(readProgress(kept.read()));
progress.subscribe(() => kept.write(JSON.stringify(progress.get())));

export function openStep(title: string): void {
  progress.set({ ...progress.get(), open: title });
}

/** The others stay as they are: a step closes also when another one opens. */
export function closeStep(title: string): void {
  const { open, done } = progress.get();
  if (open === title) progress.set({ open: undefined, done });
}

export function setDone(title: string, isDone: boolean): void {
  const { open, done } = progress.get();
  const others = done.filter((each) => each !== title);
  progress.set({ open, done: isDone ? [...others, title] : others });
}
