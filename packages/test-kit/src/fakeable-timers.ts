/**
 * Stands for `node:timers` in the sources under test. They do not read the globals, so that an application's fake timers leave
 * them alone; here they do, so that a fake clock of ours moves them.
 */
type Timers = Pick<
  typeof globalThis,
  'clearImmediate' | 'clearInterval' | 'clearTimeout' | 'setImmediate' | 'setInterval' | 'setTimeout'
>;

const later = <Name extends keyof Timers>(name: Name): Timers[Name] =>
  ((...args: unknown[]) => Reflect.apply(globalThis[name], undefined, args)) as unknown as Timers[Name];

export const clearImmediate: Timers['clearImmediate'] = later('clearImmediate');
export const clearInterval: Timers['clearInterval'] = later('clearInterval');
export const clearTimeout: Timers['clearTimeout'] = later('clearTimeout');
export const setImmediate: Timers['setImmediate'] = later('setImmediate');
export const setInterval: Timers['setInterval'] = later('setInterval');
export const setTimeout: Timers['setTimeout'] = later('setTimeout');
