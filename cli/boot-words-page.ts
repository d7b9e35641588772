// docs/boot-words.md, made from the agent's table of boot words. Pure.

import { FLAG_WORDS, LOADER_WORDS, MODE_WORDS, OWN_WORDS, VALUE_WORDS, type WordText } from "../initrd-agent/word-table.ts";

export function bootWordsPage(): string {
  return [
    "<!-- Made by `node cli/main.ts documents` from initrd-agent/word-table.ts: do not edit. -->",
    "",
    "# Boot words",
    "",
    "What may be typed behind a mode at the boot prompt, stand in a boot server's menu, or be given to `lifeboat build --append`. " +
      "Only whole words count; of two equal names the last one wins; double quotes keep blanks together. " +
      "Words marked _later_ are read and have no effect yet; one that is marked _not yet with nuke_ keeps `nuke` from starting, as what it asks for could not be done. " +
      "A word that begins with `lifeboat.` and is not known is named on the screen, with the nearest known one.",
    "",
    ...section("Modes", "One of them; of several the first of compare, nuke, expert, interactive counts.", MODE_WORDS),
    ...section("MondoRescue's words", "They keep their names.", { ...FLAG_WORDS, ...VALUE_WORDS }),
    ...section("Lifeboat's own words", undefined, OWN_WORDS),
    ...section("Words of the boot loader", "Nobody needs to type them.", LOADER_WORDS),
  ]
    .join("\n")
    .replace(/\n+$/, "\n");
}

function section(title: string, says: string | undefined, words: Readonly<Record<string, WordText>>): readonly string[] {
  return [`## ${title}`, "", ...(says === undefined ? [] : [says, ""]), ...Object.entries(words).map(wordLine), ""];
}

function wordLine([name, { value, says, later }]: readonly [string, WordText]): string {
  return `- \`${name}${value === undefined ? "" : `=${value}`}\`: ${says}${later === undefined ? "" : LATER[later]}`;
}

const LATER: Readonly<Record<NonNullable<WordText["later"]>, string>> = {
  "has no effect": " _Later._",
  "stops nuke": " _Later; not yet with nuke._",
};
