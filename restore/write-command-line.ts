// Makes the boot loader's configuration name devices by what the restore brings back, and lets the machine's own tool write GRUB's again.

import { LifeboatError } from "#os/error";
import { run } from "#os/exec";
import { exists, fileInfo, listDirectory } from "#os/files";
import { openChroot, type Chroot } from "./chroot.ts";
import { environmentBlock, isGenerated, namesInitramfs, renamedDevices, type NewNames } from "./command-line-text.ts";
import type { RestoreEnvironment } from "./engine.ts";
import { withoutGoneWords } from "./gone-words.ts";
import { namesArray, withoutArrayPaths } from "./grub-arrays.ts";
import { insideRoot, pathInMachine } from "../machine/inside-root.ts";
import type { Originals } from "./keep-original.ts";
import { readLatin1, writeLatin1 } from "./latin1-files.ts";
import { RESUME_FILE } from "./plan-initramfs.ts";
import type { Step } from "./plan.ts";

type CommandLineStep = Extract<Step, { kind: "write-command-line" }>;
type Surroundings = Pick<RestoreEnvironment, "root" | "say" | "note">;

/** Returns the files that it has changed, by their own names in the machine; none where no name is found. */
export async function writeCommandLine(step: CommandLineStep, environment: Surroundings, originals: Originals): Promise<readonly string[]> {
  const { root } = environment;
  const places = await configurationFiles(step, root);
  const texts = new Map<string, string>();
  for (const place of places) texts.set(place, await originals.read(place));
  const hasInitramfs = [...texts.values()].some(namesInitramfs);
  const names: NewNames = new Map(step.changes.map((change) => [change.from, change]));
  const changed: string[] = [];
  const kept: string[] = [];
  for (const [place, text] of texts) {
    const renamed = withoutGone(renamedDevices(text, names, hasInitramfs), step);
    if (renamed === text) continue;
    const original = await writeRenamed(place, renamed, { environment, originals });
    if (original === undefined) continue;
    changed.push(place);
    kept.push(original);
  }
  const isLoaders = changed.some((place) => !INITRAMFS_FILE.test(pathInMachine(root, place)));
  const hasHints = [...texts].some(([place, text]) => place.endsWith("/grub.cfg") && namesArray(text, step.arrays));
  const generated = isLoaders || hasHints ? await writeAgain(step, environment) : [];
  return [...new Set([...changed, ...kept, ...generated])].map((place) => pathInMachine(root, place));
}

function withoutGone(text: string, { gone, arrays }: CommandLineStep): string {
  return withoutArrayPaths(withoutGoneWords(text, gone), arrays);
}

/** Of initramfs-tools and dracut: no boot loader reads them. */
const INITRAMFS_FILE = /^\/etc\/(?:initramfs-tools\/|dracut\.conf)/;
const FILES = [
  "/etc/default/grub",
  "/etc/kernel/cmdline",
  "/etc/default/extlinux",
  "/etc/update-extlinux.conf",
  "/etc/dracut.conf",
  RESUME_FILE,
];
const DIRECTORIES = ["/etc/default/grub.d", "/etc/grub.d", "/etc/cmdline.d", "/etc/dracut.conf.d", "/boot/loader/entries"];
const GRUB_FILES = ["grub.cfg", "custom.cfg", "grubenv"];
/** Of the Boot Loader Specification. */
const ENTRY = /\.conf$/;

/** Each once, where the machine's links lead. */
async function configurationFiles({ directories }: CommandLineStep, root: string): Promise<readonly string[]> {
  const paths = [...FILES, ...directories.flatMap((directory) => GRUB_FILES.map((name) => `${directory}/${name}`))];
  for (const directory of directories) {
    for (const name of await listDirectory(await insideRoot(root, directory))) if (ENTRY.test(name)) paths.push(`${directory}/${name}`);
  }
  for (const directory of DIRECTORIES) {
    // Nothing reads hidden files there, and originals are kept as such.
    for (const name of await listDirectory(await insideRoot(root, directory)))
      if (!name.startsWith(".")) paths.push(`${directory}/${name}`);
  }
  const places = new Set<string>();
  for (const path of paths) {
    const place = await insideRoot(root, path);
    if ((await fileInfo(place))?.type === "file") places.add(place);
  }
  return [...places];
}

interface Writing {
  readonly environment: Surroundings;
  readonly originals: Originals;
}

/** Returns where the original is kept; undefined when nothing was written. */
async function writeRenamed(place: string, renamed: string, { environment, originals }: Writing): Promise<string | undefined> {
  const { root, say } = environment;
  const text = place.endsWith("/grubenv") ? environmentBlock(renamed) : renamed;
  if (text === undefined) {
    say(`lifeboat: ${pathInMachine(root, place)} has no room for other names of devices: change it by hand`);
    return undefined;
  }
  const original = await originals.keep(place);
  await writeLatin1(place, text);
  return original;
}

const GENERATORS = ["grub-mkconfig", "grub2-mkconfig"];

/** Returns the place of GRUB's configuration when the machine's tool has written it. What is there already is right, and stays when the tool fails. */
async function writeAgain(step: CommandLineStep, environment: Surroundings): Promise<readonly string[]> {
  const { root, say } = environment;
  const path = `${step.directories[0]}/grub.cfg`;
  const place = await insideRoot(root, path);
  const before = (await exists(place)) ? await readLatin1(place) : "";
  if (!isGenerated(before)) return [];
  await using chroot = await openChroot(root);
  const generator = await chroot.find(GENERATORS);
  if (generator === undefined) return [];
  try {
    await generate([generator, "-o", path], chroot, environment);
    const names: NewNames = new Map(step.changes.map((change) => [change.now, change]));
    const text = await readLatin1(place);
    const lacking = ESSENTIALS.find(({ pattern }) => pattern.test(before) && !pattern.test(text));
    if (lacking !== undefined) {
      throw new LifeboatError(`Cannot take the configuration that ${generator} writes as it must ${lacking.must}: it does not`);
    }
    // The tool knows the names of today, which may be others without the medium.
    await writeLatin1(place, withoutGone(renamedDevices(text, names, true), step));
    return [place];
  } catch (error) {
    if (!(error instanceof LifeboatError)) throw error;
    say(`lifeboat: ${path} was not generated again, the names of devices in it were changed: ${error.message}`);
    await writeLatin1(place, before);
    await run(["rm", "-f", `${place}.new`]);
    return [];
  }
}

/** os-prober mounts whatever it finds on other disks: its script is hidden, whatever the machine's settings say. */
async function generate(command: readonly [string, ...string[]], chroot: Chroot, { root, note }: Surroundings): Promise<void> {
  const prober = await insideRoot(root, "/etc/grub.d/30_os-prober");
  const isThere = await exists(prober);
  if (isThere) await run(["mount", "--bind", "/dev/null", prober]);
  try {
    const said = await chroot.run(command);
    note(`${command.join(" ")}: ${said.stdout.trim()} ${said.stderr.trim()}`);
  } finally {
    if (isThere) await run(["umount", prober]);
  }
}

/** The tool ends well, too, when it could find no kernel, or no disk. */
const ESSENTIALS: readonly { readonly must: string; readonly pattern: RegExp }[] = [
  { must: "start a kernel", pattern: /^\s*(?:linux(?:16|efi)?|blscfg)(?:\s|$)/m },
  { must: "find its file system by the UUID", pattern: /^\s*search\s.*--fs-uuid/m },
];
