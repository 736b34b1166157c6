/** A value that tells its subscribers when it is another one, and the hook by which a component shows it. */
import { useLayoutEffect, useReducer } from 'preact/hooks';

export class Value<T> {
  #value: T;
  readonly #listeners = new Set<() => void>();

  constructor(value: T) {
    this.#value = value;
  }

  get(): T {
    return this.#value;
  }

  set(value: T): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const listener of [...this.#listeners]) listener();
  }

  /** Returns what ends the subscription. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** Renders the component again whenever the value is another one. */
export function useValue<T>(value: Value<T>): T {
  const render = useRender();
  const rendered = value.get();
  useLayoutEffect(() => {
    // It may have been set between the rendering and this effect.
    if (!Object.is(rendered, value.get())) render();
    return value.subscribe(render);
  }, [value]);
  return rendered;
}

/** Returns a function that renders the component again; always the same one. */
export function useRender(): () => void {
  const [, render] = useReducer<number, void>((count) => count + 1, 0);
  return render;
}
