// Which network card that is here takes the place of which card of the machine: by address, then by driver and place, then only as a person says. Pure.

import type { NetworkCard } from "../machine/model.ts";

/** A card that is here, in the order of the buses. */
export interface PresentCard {
  readonly name: string;
  readonly mac: string;
  readonly driver: string | undefined;
}

export interface CardChange {
  /** What the machine calls the card, and goes on calling the one that takes its place. */
  readonly name: string;
  readonly fromMac: string;
  readonly toMac: string;
}

export interface CardPlan {
  readonly changes: readonly CardChange[];
  /** One line each: what a person has to see to. */
  readonly problems: readonly string[];
  /** Cards of the machine of which only a person can say what takes their place. */
  readonly open: readonly OpenCard[];
}

export interface OpenCard {
  readonly name: string;
  readonly mac: string;
  /** Those that are here and take no other's place; never empty. */
  readonly choices: readonly Pick<PresentCard, "name" | "mac">[];
}

interface Card extends NetworkCard {
  readonly mac: string;
}

/** `named` are pairs that a person gave: name or MAC of the machine's card, name or MAC of one that is here. */
export function planCards(
  cards: readonly NetworkCard[],
  present: readonly PresentCard[] | undefined,
  named: ReadonlyMap<string, string>,
): CardPlan {
  if (present === undefined) return { changes: [], problems: [], open: [] };
  // A bridge or bond, which no driver serves, has the address of one of its cards.
  // While they are bonded, cards have one address, and which is whose own is not known.
  const isAlone = (mac: string | undefined) => cards.filter((card) => card.driver !== undefined && card.mac === mac).length === 1;
  const wanted = cards.filter((card): card is Card => isAddress(card.mac) && card.driver !== undefined && isAlone(card.mac));
  const pairs = new Map<Card, PresentCard>();
  const problems = [...named].flatMap(([old, now]) => takeNamed({ wanted, present, pairs }, old, now));
  const isFree = (card: PresentCard) => ![...pairs.values()].includes(card);
  for (const card of wanted.filter((one) => !pairs.has(one))) {
    const same = present.find(({ mac }) => sameAddress(mac, card.mac));
    if (same !== undefined && isFree(same)) pairs.set(card, same);
  }
  const drivers = new Set(wanted.map(({ driver }) => driver));
  for (const driver of drivers) pairInOrder({ wanted, present, pairs }, (card) => card.driver === driver);
  pairInOrder({ wanted, present, pairs }, () => true);
  const choices = present.filter(isFree).map(({ name, mac }) => ({ name, mac }));
  const open = wanted.filter((card) => !pairs.has(card)).map(({ name, mac }) => ({ name, mac, choices }));
  const changes = [...pairs].map(([{ name, mac }, to]) => ({ name, fromMac: mac, toMac: to.mac }));
  return {
    changes: changes.filter(({ fromMac, toMac }) => !sameAddress(fromMac, toMac)),
    problems: [...problems, ...open.map(openProblem)],
    open: choices.length === 0 ? [] : open,
  };
}

interface Search {
  readonly wanted: readonly Card[];
  readonly present: readonly PresentCard[];
  readonly pairs: Map<Card, PresentCard>;
}

function takeNamed({ wanted, present, pairs }: Search, old: string, now: string): readonly string[] {
  const isCalled = (word: string, { name, mac }: { readonly name: string; readonly mac: string }) =>
    name === word || sameAddress(mac, word);
  const from = wanted.find((card) => isCalled(old, card));
  const to = present.find((card) => isCalled(now, card));
  if (from === undefined) return [`the machine has no network card "${old}"`];
  if (to === undefined) return [`there is no network card "${now}" here`];
  pairs.set(from, to);
  return [];
}

/** As many here as the machine had: their order on the buses says which is which. */
function pairInOrder({ wanted, present, pairs }: Search, isAlike: (card: Pick<NetworkCard, "driver">) => boolean): void {
  const taken = new Set(pairs.values());
  const open = wanted.filter((card) => !pairs.has(card) && isAlike(card));
  const free = present.filter((card) => !taken.has(card) && isAlike(card));
  if (open.length !== free.length) return;
  open.forEach((card, index) => pairs.set(card, free[index]!));
}

function openProblem({ name, mac, choices }: OpenCard): string {
  const left = choices.map((card) => `${card.name} (${card.mac})`);
  const choice = left.length === 0 ? "no card here is left for it" : `it may be ${left.join(" or ")}: say which, with --nic ${name}=NAME`;
  return `the machine's network card ${name} (${mac}) is not here, and ${choice}`;
}

function isAddress(mac: string | undefined): boolean {
  return mac !== undefined && /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/i.test(mac) && !/^(?:00:){5}00$/.test(mac);
}

function sameAddress(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** No part of a longer one, as InfiniBand has them; `mac:`, which NetworkManager writes before one, is none. */
const ADDRESS = /(?<!\b[0-9a-f]{2}[:-])\b[0-9a-f]{2}(?:([:-])[0-9a-f]{2})(?:\1[0-9a-f]{2}){4}\b(?![:-][0-9a-f])/gi;

/** The text with each old address in the new one's place, written as the old one was. One character a byte. */
export function withNewAddresses(text: string, changes: readonly CardChange[]): string {
  const known = new Map(changes.map(({ fromMac, toMac }) => [fromMac.toLowerCase(), toMac.toLowerCase()]));
  // One pass: what takes a place is never replaced again, when cards have changed places.
  return text.replace(ADDRESS, (written, separator: string) => {
    const now = known.get(written.toLowerCase().replace(/-/g, ":"));
    if (now === undefined) return written;
    const spelt = now.replace(/:/g, separator);
    return written === written.toUpperCase() && /[A-F]/.test(written) ? spelt.toUpperCase() : spelt;
  });
}

/** A rule of udev for each card that has a new address: it keeps the name by which the machine's configuration knows it. */
export function cardRules(changes: readonly CardChange[]): string {
  const lines = changes.map(
    ({ name, toMac }) => `SUBSYSTEM=="net", ACTION=="add", ATTR{address}=="${toMac.toLowerCase()}", NAME="${name}"`,
  );
  return `${["# Written by lifeboat restore: other network cards have the names of those that were there before.", ...lines].join("\n")}\n`;
}
