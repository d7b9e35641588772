// `lifeboat verify SET`: reads all of it.

import { findSet } from "../media/find-set.ts";
import { bytesToRead } from "../set/device-image-files.ts";
import { openDamagedSet } from "../set/damaged-set.ts";
import { verifySet } from "../set/verify-set.ts";
import { verificationText } from "../ui/set-text.ts";
import { JSON_OPTION, SET_ARGUMENT, type CommandSpec } from "./command-spec.ts";
import { progressPrinter } from "./progress-printer.ts";

export const verifyCommand: CommandSpec = {
  name: "verify",
  summary: "Read all of a set and compare it with its digests",
  description:
    "Reads every frame of a set, unpacks it and compares each file with the catalogue. SET is a set's directory, an ISO " +
    "image, or a directory that holds sets: the newest is taken then. What is damaged is named with the files that it costs, as far as anything tells their names; the exit code is 5 then.",
  args: [SET_ARGUMENT],
  options: [JSON_OPTION],
  examples: [{ command: "lifeboat verify /mnt/backup", says: "the newest set there" }],
  async run({ args: [path = ""], options, print, remark, status, changer, cleanUp }) {
    // What is damaged is read as far as it goes: so its cost can be named.
    const set = await openDamagedSet(await findSet(path, { note: remark, changer, cleanUp }));
    const allBytes = bytesToRead(set.manifest);
    const progress = progressPrinter(status);
    const verification = await verifySet(set, (doneBytes) => progress({ what: "verifying", doneBytes, allBytes }));
    progress(undefined);
    print(
      options["json"] === true
        ? JSON.stringify({ set: set.manifest.id, ...verification })
        : verificationText(set.manifest.id, verification),
    );
    return verification.damage.length === 0 ? 0 : 5;
  },
};
