// `lifeboat list`: the sets of a store, or the files of a set.

import { LifeboatError } from "#os/error";
import { exists } from "#os/files";
import { findSet, setsAt } from "../media/find-set.ts";
import { removeLeftovers } from "../media/remove-leftovers.ts";
import { openSet } from "../set/open-set.ts";
import { formatCatalogueEntry } from "../set/catalogue.ts";
import { readCatalogue } from "../set/read-catalogue.ts";
import { MANIFEST_FILE } from "../set/set-manifest.ts";
import { fileLine, setsText } from "../ui/set-text.ts";
import { JSON_OPTION, type CommandSpec } from "./command-spec.ts";

export const listCommand: CommandSpec = {
  name: "list",
  summary: "List the sets of a medium, or the files of a set",
  description:
    "Lists the sets in a directory, oldest first, those in ISO images too, with what an interrupted archive left and what is being written. With " +
    "--files it lists the paths of one set: mode, owner, size, time and name, with newlines and the like written as \\n, and bytes that are no text as " +
    "\\377; restore --only takes names as they are listed. With --json each line is the catalogue's. The exit code is 5 when a set is damaged.",
  args: [
    {
      name: "SET",
      required: true,
      isPath: true,
      medium: (options) => (options["remove-incomplete"] === true ? "rw" : "ro"),
      description: "A directory or share that holds sets, a set, an ISO image with one, a drive with a disc, or tape:/dev/nst0",
    },
  ],
  options: [
    { name: "files", description: "List the files of the set; of the newest, when SET holds several", inConfig: false },
    {
      name: "remove-incomplete",
      description: "Remove what interrupted archives have left, but nothing that is being written",
      inConfig: false,
    },
    JSON_OPTION,
  ],
  examples: [
    { command: "lifeboat list /mnt/backup", says: "the sets there" },
    { command: "lifeboat list --files /mnt/backup", says: "the files of the newest" },
  ],
  async run({ args: [path = ""], options, print, remark, changer, cleanUp }) {
    const isJson = options["json"] === true;
    if (options["files"] === true) {
      const set = await openSet(await findSet(path, { note: remark, changer, cleanUp }));
      for await (const entry of readCatalogue(set)) print(isJson ? formatCatalogueEntry(entry) : fileLine(entry));
      return 0;
    }
    if (await exists(`${path}/${MANIFEST_FILE}`)) {
      throw new LifeboatError(`Cannot list the sets in "${path}" as it must hold sets: it is one itself`, {
        exitCode: 2,
        hint: "Give --files for the files in it, or name the directory above",
      });
    }
    if (options["remove-incomplete"] === true) {
      const { removed, written, stayed } = await removeLeftovers(path);
      for (const set of removed) remark(`removed ${set.path}`);
      for (const set of written) remark(`not removed: ${set.path}: ${set.problem}`);
      for (const place of stayed) remark(`not removed: ${place}: it is none of Lifeboat's files`);
    }
    const sets = await setsAt(path, { changer, cleanUp });
    print(isJson ? JSON.stringify(sets) : setsText(sets));
    return sets.some(({ state }) => state === "damaged") ? 5 : 0;
  },
};
