/** Stalls of the event loop: of a fake clock and of the real one. */

/** The fake clock of vitest is that of @sinonjs/fake-timers, and hangs on each function that it replaces. */
interface Faked {
  readonly clock: { jump(ms: number): void };
}

/** So much time passes on the fake clock at once: only then do the timers fire that were due meanwhile, each late. */
export function fakeStall(ms: number): void {
  (setTimeout as unknown as Faked).clock.jump(ms);
}

/** Keeps this thread busy. */
export function stall(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}
