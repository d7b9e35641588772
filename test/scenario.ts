// What an end-to-end scenario is, and what it is given.

import type { Guest } from "./guest/guest.ts";
import type { GuestKind } from "./guest/recipe.ts";

export interface Scenario {
  readonly name: string;
  /** `guard` runs in `npm test`, all others in `npm run test:matrix`. */
  readonly tier: "guard" | "matrix";
  /** One sentence: what holds when it passes. */
  readonly proves: string;
  run(world: World): Promise<void>;
}

/** Things that are dear to make and shared by scenarios; each is made once, when first asked for. */
export interface World {
  /** The rescue ISO of all modules, the same bytes for every scenario. */
  iso(): Promise<BuiltImage>;
  /** An ISO without the CD driver. */
  isoWithoutCdDriver(): Promise<BuiltImage>;
  usbImage(): Promise<BuiltImage>;
  pxeTree(): Promise<BuiltImage>;
  /** A small Debian system with odd files, to be backed up and lost: BIOS with MBR, or UEFI with GPT. */
  guest(kind: GuestKind): Promise<Guest>;
  /** Where guests are kept from one run to the next. */
  readonly guestDirectory: string;
  /** A directory of the scenario's own; kept when it fails. */
  workDirectory(name: string): Promise<string>;
  /** The kernel that the images are built around. */
  kernelRelease(): Promise<string>;
}

export interface BuiltImage {
  /** The file, or for PXE the directory. */
  readonly path: string;
  readonly buildId: string;
}
