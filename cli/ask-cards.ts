// Which network card takes the place of one of the machine's, where only a person can say: asked one after the other.

import type { OpenCard } from "../restore/plan-network.ts";

/** A line that was typed; "" when nobody answers. */
export type AskLine = (question: string) => Promise<string>;

/**
 * From cards of the machine to those that are here, by their names, as `--nic` takes them. `planned` tells which are open when some have been
 * named; a card for which nothing is chosen stays open, and is not asked for again.
 */
export async function askCards(
  planned: (named: ReadonlyMap<string, string>) => Promise<readonly OpenCard[]>,
  ask: AskLine,
): Promise<ReadonlyMap<string, string>> {
  const named = new Map<string, string>();
  const passed = new Set<string>();
  for (;;) {
    const card = (await planned(named)).find(({ name }) => !passed.has(name));
    if (card === undefined) return named;
    const chosen = await askCard(card, ask);
    if (chosen === undefined) passed.add(card.name);
    else named.set(card.name, chosen);
  }
}

async function askCard({ name, mac, choices }: OpenCard, ask: AskLine): Promise<string | undefined> {
  const list = choices.map((choice, index) => `  ${index + 1}  ${choice.name} (${choice.mac})`).join("\n");
  const question = `The machine's network card ${name} (${mac}) is not here. What takes its place?\n${list}\nA number, or nothing for none: `;
  for (;;) {
    const answer = (await ask(question)).trim();
    if (answer === "") return undefined;
    const choice = choices.find((one, index) => answer === `${index + 1}` || answer === one.name);
    if (choice !== undefined) return choice.name;
  }
}
