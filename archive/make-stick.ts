// A disk becomes a stick: boot partition and store. And its boot partition gets the rescue image of the newest set.

import { LifeboatError } from "#os/error";
import { run } from "#os/exec";
import { exists, makeTemporaryDirectory } from "#os/files";
import { sleep } from "#os/clock";
import { sizesOf } from "../bootloaders/medium-files.ts";
import { START_SECTOR } from "../bootloaders/usb-image.ts";
import { lookAtStick, requireStick, STICK_LABEL, type Stick, type StickDisk } from "../media/stick.ts";
import { partitionPath } from "../restore/plan.ts";
import type { MadeImage } from "./rescue-iso.ts";

export interface StickWishes {
  /** Larger disks are taken for no stick. */
  readonly maxBytes: number;
  /** The disk, named a second time: it may be overwritten whatever it holds, and may be larger. */
  readonly erase: string | undefined;
}

const MIB = 2 ** 20;
/** An eighth of the stick, within these. */
const BOOT_BYTES = { least: 384 * MIB, most: 1024 * MIB };
const LEAST_STORE_BYTES = 64 * MIB;
const START_BYTES = START_SECTOR * 512;

/** Prepares the disk where it is no stick yet. Throws LifeboatError (3) for one that must not be taken. */
export async function readyStick(device: string, wishes: StickWishes, tell: (text: string) => void): Promise<Stick> {
  const found = await lookAtStick(device);
  if (found.state.kind === "ready") return found.state.stick;
  checkWishes(device, found, wishes);
  tell(`making a stick of ${found.node} (${found.description})`);
  await makePartitions(found);
  return requireStick(await stickWhenThere(device));
}

function checkWishes(device: string, { node, sizeBytes, description, state }: StickDisk, { maxBytes, erase }: StickWishes): void {
  const isNamedTwice = erase === device || erase === node;
  const hint = `When it is the one that is meant, name it twice: --erase ${device}`;
  if (erase !== undefined && !isNamedTwice) {
    throw new LifeboatError(`Cannot erase "${erase}" as --erase names the stick that is archived to once more: that is "${device}"`, {
      exitCode: 2,
    });
  }
  if (sizeBytes < BOOT_BYTES.least + LEAST_STORE_BYTES + START_BYTES) {
    throw new LifeboatError(`Cannot make a stick of "${device}" as it needs 450 MiB: it has ${Math.floor(sizeBytes / MIB)} MiB`);
  }
  if (isNamedTwice) return;
  if (state.kind === "foreign") {
    throw new LifeboatError(`Cannot make a stick of "${device}" as it must be blank: ${node} (${description}) holds ${state.holds}`, {
      hint,
    });
  }
  if (sizeBytes > maxBytes) {
    throw new LifeboatError(
      `Cannot make a stick of "${device}" as it may have ${(maxBytes / 1e9).toFixed(0)} GB, from --max-size: it has ${description}`,
      {
        hint,
      },
    );
  }
}

async function makePartitions({ node, sizeBytes }: StickDisk): Promise<void> {
  const bootBytes = Math.min(BOOT_BYTES.most, Math.max(BOOT_BYTES.least, Math.floor(sizeBytes / 8)));
  const table = ["label: dos", `start=${START_SECTOR}, size=${Math.floor(bootBytes / MIB)}MiB, type=c, bootable`, "type=83"];
  try {
    await run(["wipefs", "--all", "--force", "--quiet", node]);
    await run(["sfdisk", "--quiet", "--wipe", "always", "--wipe-partitions", "always", node], { input: `${table.join("\n")}\n` });
    await run(["udevadm", "settle", "--timeout=10"], { okCodes: [0, 1, 127] }).catch(() => undefined);
    const boot = partitionPath({ path: node }, 1);
    const store = partitionPath({ path: node }, 2);
    await whenThere(store);
    await run(["mkfs.vfat", "-F", "32", "-n", "LIFEBOAT", boot]);
    await run(["mke2fs", "-q", "-F", "-t", "ext4", "-m", "0", "-L", STICK_LABEL, store]);
  } catch (error) {
    if (!(error instanceof LifeboatError)) throw error;
    throw new LifeboatError(`Cannot make a stick of "${node}" as every step must succeed: ${error.message}`, { exitCode: 4, cause: error });
  }
}

const PATIENCE = 100;

async function whenThere(path: string): Promise<void> {
  for (let tries = 0; tries < PATIENCE && !(await exists(path)); tries += 1) await sleep(100);
}

/** udev, which lsblk asks, may be a moment late. */
async function stickWhenThere(device: string): Promise<StickDisk> {
  for (let tries = 1; ; tries += 1) {
    const found = await lookAtStick(device);
    if (found.state.kind === "ready" || tries === PATIENCE) return found;
    await sleep(100);
  }
}

/** Found out before a set is written, not when all of it has been. */
export async function checkBootRoom({ boot }: Stick, image: MadeImage): Promise<void> {
  const room = Number((await run(["blockdev", "--getsize64", boot])).stdout);
  const needed = (await sizesOf(image.files)).reduce((total, size) => total + size, LOADERS_BYTES);
  if (needed <= room) return;
  throw new LifeboatError(
    `Cannot archive to the stick as its boot partition must hold the rescue image: that has ${Math.ceil(needed / MIB)} MiB, ${boot} ${Math.floor(room / MIB)}`,
    {
      hint: "Make the image smaller, with --small or --firmware none; or take a larger stick",
    },
  );
}

/** With what a file system of that size needs itself. */
const LOADERS_BYTES = 16 * MIB;

/**
 * The boot partition becomes that of a USB image as `build --format usb` makes it, and is read back. The store and its sets are not touched.
 * Throws LifeboatError (4).
 */
export async function writeBoot({ disk, boot }: Stick, image: MadeImage): Promise<void> {
  await using work = await makeTemporaryDirectory();
  const path = `${work.path}/stick.img`;
  const sizeBytes = (await image.writeUsb(path)) - START_BYTES;
  try {
    await run(["dd", `if=${path}`, `of=${boot}`, "bs=1M", "skip=1", "conv=notrunc,fsync", "status=none"]);
    // The table of the stick and its disk id follow.
    await run(["dd", `if=${path}`, `of=${disk}`, "bs=440", "count=1", "conv=notrunc,fsync", "status=none"]);
    await run(["blockdev", "--flushbufs", boot]);
    await run(["cmp", `--ignore-initial=${START_BYTES}:0`, `--bytes=${sizeBytes}`, path, boot]);
  } catch (error) {
    if (!(error instanceof LifeboatError)) throw error;
    throw new LifeboatError(`Cannot make "${disk}" bootable as its boot partition must read as it was written: ${error.message}`, {
      exitCode: 4,
      hint: "The set itself is whole, and has boot/rescue.iso; the stick may be failing",
      cause: error,
    });
  }
}
