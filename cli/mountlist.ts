// `lifeboat mountlist [FILE]`: what is mounted where, as MondoRescue's papers print it.

import { writeAtomic } from "#os/files";
import { inspectMounts } from "../machine/inspect-mounts.ts";
import { formatMountlist, formatMountlistFile, makeMountlist } from "../machine/mountlist.ts";
import { FORCE_OPTION, JSON_OPTION, type CommandSpec } from "./command-spec.ts";
import { checkOutputPlace } from "./output-place.ts";

export const mountlistCommand: CommandSpec = {
  name: "mountlist",
  summary: "List this machine's file systems, swap, and parts of LVM, RAID and LUKS",
  description:
    "Prints one row a device: DEVICE, Mountpoint, Format, Size in MiB, Label/UUID, between tabs. With FILE it writes MondoRescue's mountlist.txt " +
    "instead: blanks between the columns, no header, sizes in KiB. Run it as root: others cannot see what is on devices that are not mounted.",
  args: [{ name: "FILE", required: false, isPath: true, description: "The mountlist.txt to write" }],
  options: [FORCE_OPTION, JSON_OPTION],
  examples: [
    { command: "lifeboat mountlist", says: "the table" },
    { command: "lifeboat mountlist /tmp/mountlist.txt", says: "the file that MondoRescue's tools read" },
  ],
  async run({ args: [path], options, print, progress }) {
    if (path !== undefined) await checkOutputPlace({ path, kind: "file", force: options["force"] === true, leastBytes: 0 });
    const { devices, mounts } = await inspectMounts();
    const rows = makeMountlist(devices, mounts);
    if (path !== undefined) {
      await writeAtomic(path, formatMountlistFile(rows), 0o644);
      progress(`wrote ${path}: ${rows.length} rows`);
    }
    if (options["json"] === true) print(JSON.stringify(rows));
    else if (path === undefined) print(formatMountlist(rows));
    return 0;
  },
};
