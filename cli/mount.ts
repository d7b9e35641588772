// `lifeboat mount SET` and `lifeboat unmount`, in the rescue system: the machine's own file systems, for whoever wants to look or to mend by hand.

import * as v from "valibot";
import { LifeboatError } from "#os/error";
import type { Command } from "#os/exec";
import { exists, makeDirectory, readBytes, readTextIfThere, removeFile, writeAtomic } from "#os/files";
import { parseJson } from "../formats/json.ts";
import { utf8Encode } from "../formats/text.ts";
import { findSet } from "../media/find-set.ts";
import type { Machine } from "../machine/model.ts";
import { openMachine, undoAll, type OpenedMachine } from "../restore/open-machine.ts";
import { releaseDisk } from "../restore/release-disk.ts";
import { IMAGE_MANIFEST_PATH } from "../set/image-manifest.ts";
import { openSet, readMachine } from "../set/open-set.ts";
import { SET_ARGUMENT, textOption, type CommandSpec, type Invocation } from "./command-spec.ts";
import { askHidden } from "./rebuild-machine.ts";

/** Where a restore mounts it too. */
export const MACHINE_ROOT = "/mnt/lifeboat";
/** What closes it again. */
const NOTE = "/run/lifeboat/mounted.json";

const Mounted = v.object({ set: v.string(), undo: v.array(v.pipe(v.array(v.string()), v.minLength(1))) });

export const mountCommand: CommandSpec = {
  name: "mount",
  summary: "In the rescue system: open and mount the machine's own storage",
  description:
    `Finds arrays, LUKS volumes, volume groups and file systems of the machine that SET is of by their UUIDs, on whatever disks they are now, and mounts them below ${MACHINE_ROOT}: ` +
    "for a look, without a journal being replayed or a byte written; with --write as they are used, which lifts the write protection of their disks. lifeboat unmount closes all of it.",
  args: [SET_ARGUMENT],
  options: [
    { name: "write", description: "Mount them to be written to", inConfig: false },
    {
      name: "luks-key",
      value: "FILE",
      type: "path",
      description: "Open LUKS volumes with the content of this file instead of asking",
      inConfig: false,
    },
  ],
  examples: [
    { command: "lifeboat mount /mnt/backup", says: "look at what is left of the machine" },
    { command: "lifeboat mount --write /mnt/backup", says: "mend it by hand" },
  ],
  async run(invocation) {
    const { args, options, print, remark, changer, cleanUp } = invocation;
    await requireRescueSystem("mount");
    if (await exists(NOTE)) {
      throw new LifeboatError(`Cannot mount the machine as nothing of it may be mounted yet: it is at ${MACHINE_ROOT}`, {
        exitCode: 2,
        hint: "lifeboat unmount closes it",
      });
    }
    const set = await openSet(await findSet(args[0] ?? "", { note: remark, changer, cleanUp }));
    const machine = await readMachine(set);
    if (machine === undefined)
      throw new LifeboatError(`Cannot mount a machine as ${set.manifest.id} must be of one: it holds files alone`, { exitCode: 2 });
    const keys = await keysOf(machine, options);
    const release = options["write"] === true ? { release: releaseDisk } : {};
    await using opened = await openMachine({ machine, root: MACHINE_ROOT, keys, ...release });
    await noteOpened(set.manifest.id, opened);
    for (const place of opened.places) print(`mounted ${place}${options["write"] === true ? "" : " read-only"}`);
    for (const { path, why } of opened.closed) remark(`not mounted: ${path}: ${why}`);
    return opened.closed.length === 0 ? 0 : 1;
  },
};

export async function requireRescueSystem(what: string): Promise<void> {
  if (await exists(`/${IMAGE_MANIFEST_PATH}`)) return;
  throw new LifeboatError(`Cannot ${what} a machine as that happens in the rescue system: this is none`, {
    exitCode: 2,
    hint: "Boot the rescue medium with the word expert",
  });
}

async function keysOf({ layout }: Machine, options: Invocation["options"]): Promise<ReadonlyMap<string, Uint8Array>> {
  const names = layout.stack.filter(({ kind }) => kind === "luks").map(({ id }) => id);
  const file = textOption(options, "luks-key");
  if (file !== undefined) {
    const key = await readBytes(file);
    return new Map(names.map((name) => [name, key]));
  }
  const keys = new Map<string, Uint8Array>();
  for (const name of names) {
    const answer = await askHidden(`Passphrase of ${name}, or nothing to leave it closed: `, process.stdin, process.stderr);
    if (answer !== undefined && answer !== "") keys.set(name, utf8Encode(answer));
  }
  return keys;
}

/** Noted before it is kept: what nobody knows of, nobody closes. */
async function noteOpened(set: string, opened: OpenedMachine): Promise<void> {
  const undo = opened.keep();
  try {
    await note(set, undo);
  } catch (error) {
    await undoAll(undo);
    throw error;
  }
}

async function note(set: string, undo: readonly Command[]): Promise<void> {
  await makeDirectory("/run/lifeboat");
  await writeAtomic(NOTE, utf8Encode(JSON.stringify({ set, undo })));
}

/** Throws LifeboatError (2) when nothing is mounted. */
async function readNote(what: string): Promise<v.InferOutput<typeof Mounted>> {
  const text = await readTextIfThere(NOTE);
  const noted = text === undefined ? undefined : v.safeParse(Mounted, parseJson(text));
  if (noted?.success === true) return noted.output;
  const state = text === undefined ? "it has not" : `${NOTE} is damaged`;
  throw new LifeboatError(`Cannot ${what} the machine as lifeboat mount must have mounted it: ${state}`, { exitCode: 2 });
}

/** The id of the set whose machine is mounted. Throws LifeboatError (2). */
export async function mountedSet(what: string): Promise<string> {
  return (await readNote(what)).set;
}

export const unmountCommand: CommandSpec = {
  name: "unmount",
  summary: "In the rescue system: close what lifeboat mount has opened",
  description:
    "Unmounts the machine's file systems, the last one first, and closes volume groups, LUKS volumes and arrays. What is in use is named, and stays.",
  args: [],
  options: [],
  examples: [{ command: "lifeboat unmount", says: "before a restore, or the reboot" }],
  async run({ print, remark }) {
    await requireRescueSystem("unmount");
    const { set, undo } = await readNote("unmount");
    const unclosed = await undoAll(undo as unknown as readonly Command[]);
    for (const { why } of unclosed) remark(why);
    if (unclosed.length > 0) {
      await note(
        set,
        unclosed.map(({ command }) => command),
      );
      return 1;
    }
    await removeFile(NOTE);
    print(`closed all of it; ${set} can be restored now`);
    return 0;
  },
};
