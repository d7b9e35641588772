// Room for several things that want it: each gets what it needs at least, and of what is left a part as large as it was. Pure.

export interface Claim {
  readonly leastBytes: number;
  /** What it had: the measure for its part of what is left. 0 takes no more than the least. */
  readonly weight: number;
}

/** Sizes in bytes, multiples of `unit`, in the order of the claims; undefined when the least of all is more than there is. */
export function shareOut(claims: readonly Claim[], roomBytes: number, unit: number): readonly number[] | undefined {
  const least = claims.map(({ leastBytes }) => Math.ceil(leastBytes / unit) * unit);
  const room = Math.floor(roomBytes / unit) * unit;
  if (sum(least) > room) return undefined;
  const rate = fairRate(claims, least, room);
  const sizes = claims.map(({ weight }, index) => Math.max(least[index]!, Math.floor((rate * weight) / unit) * unit));
  // Rounding never adds up to more than there is: each part is rounded down.
  return sizes;
}

/** Bytes for each byte of weight, such that everything together fills the room: those whose least is more than their part are left out of the reckoning. */
function fairRate(claims: readonly Claim[], least: readonly number[], room: number): number {
  let open = claims.map((_, index) => index).filter((index) => claims[index]!.weight > 0);
  let left = room - sum(claims.map((claim, index) => (claim.weight > 0 ? 0 : least[index]!)));
  for (;;) {
    const weights = sum(open.map((index) => claims[index]!.weight));
    if (weights === 0) return 0;
    const rate = left / weights;
    const held = open.filter((index) => least[index]! > rate * claims[index]!.weight);
    if (held.length === 0) return rate;
    left -= sum(held.map((index) => least[index]!));
    open = open.filter((index) => !held.includes(index));
  }
}

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
