// Which paths there are, for millions of them in little memory: eight bytes of hash each.

import type { ByteText } from "../formats/tar-read.ts";

export interface PathMemory {
  add(path: ByteText): void;
  /** One in 2^64 of those that were not added is taken for one that was. */
  has(path: ByteText): boolean;
}

const LEAST_PLACES = 1024;

/** `expected`: how many will come; more are taken too. */
export function pathMemory(expected: number): PathMemory {
  let places = 2 ** Math.ceil(Math.log2(Math.max(LEAST_PLACES, expected * 2)));
  let table = new Uint32Array(places * 2);
  let count = 0;
  /** Where the pair stands, or the empty place where it would. */
  const placeOf = (pair: HashPair): number => {
    for (let place = pair[0] & (places - 1); ; place = (place + 1) & (places - 1)) {
      const [first, second] = [table[place * 2]!, table[place * 2 + 1]!];
      if ((first === 0 && second === 0) || (first === pair[0] && second === pair[1])) return place;
    }
  };
  const put = (pair: HashPair): void => {
    const place = placeOf(pair);
    if (table[place * 2] === 0 && table[place * 2 + 1] === 0) count += 1;
    table.set(pair, place * 2);
  };
  const grow = (): void => {
    const old = table;
    places *= 2;
    table = new Uint32Array(places * 2);
    count = 0;
    for (let at = 0; at < old.length; at += 2) if (old[at] !== 0 || old[at + 1] !== 0) put([old[at]!, old[at + 1]!]);
  };
  return {
    add(path) {
      if (count * 2 >= places) grow();
      put(hashOf(path));
    },
    has(path) {
      const place = placeOf(hashOf(path));
      return table[place * 2] !== 0 || table[place * 2 + 1] !== 0;
    },
  };
}

type HashPair = readonly [first: number, second: number];

/** Two multiplicative hashes over the bytes, each mixed with the other at the end (MurmurHash3's finaliser); never two zeros. */
function hashOf(path: ByteText): HashPair {
  let [first, second] = [0xdeadbeef, 0x41c6ce57];
  for (let at = 0; at < path.length; at += 1) {
    const byte = path.charCodeAt(at);
    first = Math.imul(first ^ byte, 0x9e3779b1);
    second = Math.imul(second ^ byte, 0x5f356495);
  }
  const mixed = (value: number) => {
    const once = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
    const twice = Math.imul(once ^ (once >>> 13), 0xc2b2ae35);
    return (twice ^ (twice >>> 16)) >>> 0;
  };
  const pair = [mixed(first ^ (second << 7)), mixed(second ^ (first >>> 9))] as const;
  return pair[0] === 0 && pair[1] === 0 ? [1, 0] : pair;
}
