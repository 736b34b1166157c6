/** Which differences between loads that took turns are chance. */

/** Of how many slices a load consists. In each round every load has one, and the same machine to run on. */
export const SLICES = 20;
/** How many standard errors a mean of so many values is off in all but one of 20 cases: Student's t. */
const STUDENTS_T = 2.09;

/**
 * The difference between the rates of two loads, as a share of them, that chance alone brings about: what the
 * differences within the rounds scatter by. Undefined where there is nothing to compare.
 */
export function noise(loads: readonly { readonly slices: readonly number[] }[]): number | undefined {
  if (loads.length < 2 || loads.some(({ slices }) => slices.length < SLICES)) return undefined;
  const pairs = loads.flatMap((one, index) => loads.slice(index + 1).map((other) => [one, other] as const));
  return Math.max(...pairs.map(([one, other]) => pairNoise(one.slices, other.slices)));
}

function pairNoise(one: readonly number[], other: readonly number[]): number {
  const differences = one.map((rate, round) => rate - (other[round] ?? 0));
  const scale = mean([...one, ...other]);
  return scale === 0 ? 0 : (STUDENTS_T * standardError(differences)) / scale;
}

/** Of the mean of these values. */
function standardError(values: readonly number[]): number {
  const middle = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - middle) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1) / values.length);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
