/** What is made; the other value where making it throws. */
export function madeOr<Made, Other>(other: Other, make: () => Made): Made | Other {
  try {
    return make();
  } catch {
    return other;
  }
}
