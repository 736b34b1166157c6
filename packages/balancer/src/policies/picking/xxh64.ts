/**
 * XXH64 of a text, the hash of gRFCs A42 and A68 (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md).
 * Its arithmetic is of 64 bits: two halves of 32 are several times faster here than BigInt.
 */

/** An unsigned number of 64 bits, as two unsigned halves. */
export interface Hash64 {
  readonly high: number;
  readonly low: number;
}

/** Which of two hashes is the greater number: negative, 0 or positive, as `sort` wants it. */
export function compareHashes(a: Hash64, b: Hash64): number {
  return a.high - b.high || a.low - b.low;
}

/** A number of 64 bits whose operations change it in place, modulo 2^64. Its halves are signed, as bitwise operators have them. */
class Register {
  high = 0;
  low = 0;

  set(high: number, low: number): this {
    this.high = high | 0;
    this.low = low | 0;
    return this;
  }

  add({ high, low }: Hash64): this {
    const sum = (this.low >>> 0) + (low >>> 0);
    return this.set(this.high + high + (sum > 0xffff_ffff ? 1 : 0), sum);
  }

  xor({ high, low }: Hash64): this {
    return this.set(this.high ^ high, this.low ^ low);
  }

  multiply({ high, low }: Hash64): this {
    // Of low × low, `imul` gives the lower half. The upper half comes from products of 16 bits: each sum fits in 32.
    const a = this.low & 0xffff;
    const b = this.low >>> 16;
    const c = low & 0xffff;
    const d = low >>> 16;
    const middle = (Math.imul(b, c) >>> 0) + (Math.imul(a, c) >>> 16);
    const other = (Math.imul(a, d) >>> 0) + (middle & 0xffff);
    const upper = Math.imul(b, d) + (middle >>> 16) + (other >>> 16);
    return this.set(upper + Math.imul(this.high, low) + Math.imul(this.low, high), Math.imul(this.low, low));
  }

  /** Rotates to the left, by 1 to 31 bits. */
  rotate(bits: number): this {
    const { high, low } = this;
    return this.set((high << bits) | (low >>> (32 - bits)), (low << bits) | (high >>> (32 - bits)));
  }

  /** Xors the number with itself, shifted to the right. */
  fold(bits: number): this {
    if (bits >= 32) this.low ^= this.high >>> (bits - 32);
    else
      this.set(
        this.high ^ (this.high >>> bits),
        this.low ^ ((this.low >>> bits) | (this.high << (32 - bits))),
      );
    return this;
  }
}

const PRIME_1 = new Register().set(0x9e3779b1, 0x85ebca87);
const PRIME_2 = new Register().set(0xc2b2ae3d, 0x27d4eb4f);
const PRIME_3 = new Register().set(0x165667b1, 0x9e3779f9);
const PRIME_4 = new Register().set(0x85ebca77, 0xc2b2ae63);
const PRIME_5 = new Register().set(0x27d4eb2f, 0x165667c5);
const MINUS_PRIME_1 = new Register().set(~PRIME_1.high, -PRIME_1.low);
const NO_SEED: Hash64 = new Register();

// A hash is made in one go, so that all of them are made in these.
const scratch = Buffer.alloc(1024);
const hash = new Register();
const lane = new Register();
const sums = [new Register(), new Register(), new Register(), new Register()] as const;

const mixed = ({ high, low }: Hash64): Register =>
  lane.set(high, low).multiply(PRIME_2).rotate(31).multiply(PRIME_1);
const rotated = ({ high, low }: Hash64, bits: number): Register => lane.set(high, low).rotate(bits);
const read = (bytes: Buffer, at: number): Register =>
  lane.set(bytes.readInt32LE(at + 4), bytes.readInt32LE(at));

/** The XXH64 of a text in UTF-8. */
export function xxh64(text: string, seed: Hash64 = NO_SEED): Hash64 {
  const bytes = text.length * 3 <= scratch.length ? scratch : Buffer.allocUnsafe(text.length * 3);
  const length = bytes.write(text);
  let at = 0;
  hash.set(seed.high, seed.low);
  if (length < 32) hash.add(PRIME_5);
  else {
    const [a, b, c, d] = sums;
    a.set(seed.high, seed.low).add(PRIME_1).add(PRIME_2);
    b.set(seed.high, seed.low).add(PRIME_2);
    c.set(seed.high, seed.low);
    d.set(seed.high, seed.low).add(MINUS_PRIME_1);
    while (at <= length - 32)
      for (const sum of sums) {
        sum.add(read(bytes, at).multiply(PRIME_2)).rotate(31).multiply(PRIME_1);
        at += 8;
      }
    hash.set(0, 0).add(rotated(a, 1)).add(rotated(b, 7)).add(rotated(c, 12)).add(rotated(d, 18));
    for (const sum of sums) hash.xor(mixed(sum)).multiply(PRIME_1).add(PRIME_4);
  }
  hash.add(lane.set(0, length));
  for (; at <= length - 8; at += 8) {
    hash
      .xor(mixed(read(bytes, at)))
      .rotate(27)
      .multiply(PRIME_1)
      .add(PRIME_4);
  }
  if (at <= length - 4) {
    hash
      .xor(lane.set(0, bytes.readInt32LE(at)).multiply(PRIME_1))
      .rotate(23)
      .multiply(PRIME_2)
      .add(PRIME_3);
    at += 4;
  }
  for (; at < length; at++) {
    hash
      .xor(lane.set(0, bytes[at] as number).multiply(PRIME_5))
      .rotate(11)
      .multiply(PRIME_1);
  }
  hash.fold(33).multiply(PRIME_2).fold(29).multiply(PRIME_3).fold(32);
  return { high: hash.high >>> 0, low: hash.low >>> 0 };
}

/** A hash of nothing: a seed of one's own, or the hash of an RPC that has no key. */
export function randomHash(): Hash64 {
  return { high: Math.floor(Math.random() * 2 ** 32), low: Math.floor(Math.random() * 2 ** 32) };
}
