/** What grpc-go answered: `pnpm oracles` writes the files. */
import { readFileSync } from 'node:fs';
import type { Hash64 } from '../../src/policies/picking/xxh64.js';

export interface Vectors {
  /** [text, seed, hash], the numbers in hexadecimal. */
  readonly xxh64: readonly (readonly [string, string, string])[];
  readonly 'ring-hash': readonly {
    readonly name: string;
    readonly minRingSize: number;
    readonly maxRingSize: number;
    readonly servers: readonly {
      readonly addresses: readonly string[];
      readonly hashKey?: string;
      readonly weight?: number;
      readonly down?: true;
    }[];
    /** The header's values: these, or `user-0`, `user-1`, … */
    readonly users?: number;
    readonly values?: readonly (readonly string[])[];
    /** Who answered, one digit of base 36 for each. */
    readonly answers: readonly string[];
  }[];
  readonly 'random-subsetting': {
    readonly endpoints: readonly (readonly string[])[];
    readonly subsets: readonly {
      readonly seed: string;
      readonly subsetSize: number;
      readonly subset: readonly number[];
    }[];
  };
}

export function readVectors<Name extends keyof Vectors>(name: Name): Vectors[Name] {
  const file = new URL(`vectors/${name}.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { vectors: Vectors[Name] }).vectors;
}

export function hashOf(hexadecimal: string): Hash64 {
  const number = BigInt(`0x${hexadecimal}`);
  return { high: Number(number >> 32n), low: Number(number & 0xffff_ffffn) };
}
