// `lifeboat documents`: writes the documents that are made from tables; for developers.

import { dirname, join } from "node:path";
import { makeDirectory, writeAtomic } from "#os/files";
import { bootWordsPage } from "./boot-words-page.ts";
import type { CommandSpec } from "./command-spec.ts";
import { manPages, type Page } from "./man-pages.ts";
import { VERSION } from "./version.ts";

/** `commands` is all of them, this one included: whoever lists them passes the list. */
export function documentsCommand(commands: () => readonly CommandSpec[]): CommandSpec {
  return {
    name: "documents",
    summary: "Write docs/man and docs/boot-words.md from the tables",
    description: "Writes the manual pages from the table of commands and docs/boot-words.md from the table of boot words.",
    args: [],
    options: [],
    examples: [{ command: "node cli/main.ts documents", says: "brings docs/ up to date" }],
    hidden: true,
    async run({ print }) {
      const root = dirname(import.meta.dirname);
      await makeDirectory(join(root, "docs/man"));
      for (const { name, text } of generatedDocuments(commands())) {
        await writeAtomic(join(root, name), text, 0o644);
        print(name);
      }
      return 0;
    },
  };
}

/** Paths from the root of the sources. */
export function generatedDocuments(commands: readonly CommandSpec[]): readonly Page[] {
  const pages = manPages(commands, VERSION).map(({ name, text }) => ({ name: `docs/man/${name}`, text }));
  return [...pages, { name: "docs/boot-words.md", text: bootWordsPage() }];
}
