/** Values that are made when they are first asked for: what every program loads and few use at once costs no time at the start. */

/** A function that makes the value at its first call, and gives the same at each call. */
export function lazily<Value extends object>(make: () => Value): () => Value {
  let made: Value | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
