// How the machine is started: its firmware with the boot entries, and the boot loader on its disks.
import { exists, listDirectory, readRange, realPath } from "#os/files";
import { listSys, readSysBytes } from "#os/sysfs";
import { askTool, orUnknown } from "./ask-tool.ts";
import { BOOT_SECTOR_BYTES, startsGrub, startsLilo } from "./boot-sector.ts";
import {
  EXTLINUX_CODE_DIRECTORIES,
  GRUB_BIOS_DIRECTORIES,
  GRUB_BIOS_FILES,
  GRUB_INSTALLERS,
  PROGRAM_DIRECTORIES,
} from "./distributions.ts";
import type { BootLoader, DeviceId, EfiLoader, Firmware, GrubTools, Layout, MountPoint } from "./model.ts";
import { diskNode } from "./multipath.ts";
import { mountHolding } from "./own-layout.ts";
import { parseEfibootmgr, type EfiBootEntries } from "./parse-efibootmgr.ts";

/** EFI_GLOBAL_VARIABLE (UEFI 3.3). The value follows four bytes of attributes. */
const SECURE_BOOT = "efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";

export async function inspectFirmware(sysRoot: string): Promise<{ readonly firmware: Firmware; readonly current: string | undefined }> {
  if (listSys(`${sysRoot}/firmware/efi`).length === 0) return { firmware: { kind: "bios" }, current: undefined };
  const secureBoot = readSysBytes(`${sysRoot}/firmware/efi/${SECURE_BOOT}`)?.[4] === 1;
  const text = await askTool(["efibootmgr", "-v"]);
  const { entries, order, current } = parseEfibootmgr(text ?? "") satisfies EfiBootEntries;
  return { firmware: { kind: "uefi", secureBoot, entries, order }, current };
}

export interface BootFacts {
  readonly layout: Layout;
  readonly firmware: Firmware;
  /** The entry that this system was started by. */
  readonly currentEntry: string | undefined;
  /** os-release's ID: what most distributions call their directory. */
  readonly systemId: string;
  /** Where the machine's root is mounted, "" for `/`. */
  readonly prefix: string;
}

/** GRUB's directories: most distributions', and that of Red Hat's and SUSE's. */
const GRUB_DIRECTORIES = ["/boot/grub", "/boot/grub2"];

export async function inspectBootLoader(facts: BootFacts): Promise<BootLoader> {
  const sectors = await bootSectors(facts.layout);
  const biosDisks = disksThatStart(sectors, startsGrub);
  const efi = await inspectEsp(facts);
  if (efi?.systemdBoot !== undefined && (efi.isStartedBySystemd || !efi.hasGrub)) return { kind: "systemd-boot", efi: efi.systemdBoot };
  const lilo = await findLilo(facts, sectors);
  if (lilo !== undefined && biosDisks.length === 0) return { kind: "unknown", detail: lilo };
  for (const directory of GRUB_DIRECTORIES) {
    const names = (await orUnknown(() => listDirectory(`${facts.prefix}${directory}`))) ?? [];
    if (!names.includes("grub.cfg")) continue;
    return {
      kind: "grub",
      directory,
      biosDisks,
      biosTools: await findGrubTools(facts.prefix),
      efi: efi?.hasGrub === true ? efi.loader : undefined,
    };
  }
  const extlinux = facts.firmware.kind === "bios" && biosDisks.length === 0 ? await findExtlinux(facts) : undefined;
  return extlinux ?? { kind: "unknown", detail: unknownDetail(biosDisks, efi) };
}

const EXTLINUX_DIRECTORIES = ["/boot/extlinux", "/boot/syslinux"];
/** Its second stage, without which the directory is only a configuration. */
const EXTLINUX_STAGE = "ldlinux.sys";

async function findExtlinux({ layout, prefix }: BootFacts): Promise<BootLoader | undefined> {
  for (const directory of EXTLINUX_DIRECTORIES) {
    if (!(await orEmpty(`${prefix}${directory}`)).includes(EXTLINUX_STAGE)) continue;
    const holding = mountHolding(layout, directory);
    const disk = layout.disks.find(({ table }) => table?.partitions.some(({ id }) => id === holding?.device));
    if (disk === undefined) continue;
    const code = disk.table?.kind === "gpt" ? "gptmbr.bin" : "mbr.bin";
    const installer = await firstThere(
      PROGRAM_DIRECTORIES.map((place) => `${place}/extlinux`),
      prefix,
    );
    const bootCode = await firstThere(
      EXTLINUX_CODE_DIRECTORIES.map((place) => `${place}/${code}`),
      prefix,
    );
    return { kind: "extlinux", directory, disk: disk.id, installer, bootCode };
  }
  return undefined;
}

async function firstThere(paths: readonly string[], prefix: string): Promise<string | undefined> {
  for (const path of paths) if ((await orUnknown(() => exists(`${prefix}${path}`))) === true) return ownPath(path, prefix);
  return undefined;
}

async function findGrubTools(prefix: string): Promise<GrubTools> {
  const programs = PROGRAM_DIRECTORIES.flatMap((directory) => GRUB_INSTALLERS.map((name) => `${directory}/${name}`));
  const complete = GRUB_BIOS_DIRECTORIES.map((directory) => ({ directory, files: GRUB_BIOS_FILES.map((name) => `${directory}/${name}`) }));
  const isThere = async (path: string) => (await orUnknown(() => exists(`${prefix}${path}`))) === true;
  const are = async (paths: readonly string[]) => (await Promise.all(paths.map(isThere))).every(Boolean);
  const installers = await Promise.all(programs.map(isThere));
  const directories = await Promise.all(complete.map(({ files }) => are(files)));
  const installer = programs.find((_, index) => installers[index]);
  const modules = complete.find((_, index) => directories[index])?.directory;
  return { installer: await ownPath(installer, prefix), modules: await ownPath(modules, prefix) };
}

/** Without links in it, as it stands in a set: /sbin is one on many machines. */
async function ownPath(path: string | undefined, prefix: string): Promise<string | undefined> {
  if (path === undefined) return undefined;
  const slash = path.lastIndexOf("/");
  const directory = await orUnknown(() => realPath(`${prefix}${path.slice(0, slash)}`));
  return directory?.startsWith(`${prefix}/`) === true ? `${directory.slice(prefix.length)}${path.slice(slash)}` : path;
}

function unknownDetail(biosDisks: readonly string[], esp: Esp | undefined): string {
  const none = `no grub.cfg in ${GRUB_DIRECTORIES.join(" or ")}`;
  if (biosDisks.length > 0) return `GRUB starts from ${biosDisks.join(", ")}, but there is ${none}`;
  if (esp === undefined) return none;
  const programs = esp.programs.map((file) => file.replace(/^[^/]*\//, ""));
  return `${none}; ${esp.loader.mountPoint}/EFI holds ${programs.length === 0 ? "no loader" : programs.join(", ")}`;
}

const LILO_CONFIGURATION = "/etc/lilo.conf";

/** By its boot sector, which may be a partition's, or else by its configuration where no other loader has one. */
async function findLilo({ firmware, prefix }: BootFacts, sectors: readonly BootSector[]): Promise<string | undefined> {
  if (firmware.kind !== "bios") return undefined;
  const disks = disksThatStart(sectors, startsLilo);
  if (disks.length > 0) return `LILO starts from ${disks.join(", ")}`;
  const others = [
    ...GRUB_DIRECTORIES.map((directory) => `${directory}/grub.cfg`),
    ...EXTLINUX_DIRECTORIES.map((directory) => `${directory}/${EXTLINUX_STAGE}`),
  ];
  const isAlone = (await firstThere(others, prefix)) === undefined;
  return isAlone && (await firstThere([LILO_CONFIGURATION], prefix)) !== undefined ? `LILO, by its ${LILO_CONFIGURATION}` : undefined;
}

interface BootSector {
  readonly disk: DeviceId;
  readonly bytes: Uint8Array;
}

async function bootSectors({ disks }: Layout): Promise<readonly BootSector[]> {
  const found = await Promise.all(
    disks.map(async (disk) => {
      const bytes = await orUnknown(() => readRange(diskNode(disk), 0, BOOT_SECTOR_BYTES));
      return bytes === undefined ? [] : [{ disk: disk.id, bytes }];
    }),
  );
  return found.flat();
}

function disksThatStart(sectors: readonly BootSector[], starts: (sector: Uint8Array) => boolean): readonly DeviceId[] {
  return sectors.filter(({ bytes }) => starts(bytes)).map(({ disk }) => disk);
}

interface Esp {
  readonly loader: EfiLoader;
  readonly hasGrub: boolean;
  readonly systemdBoot: EfiLoader | undefined;
  readonly isStartedBySystemd: boolean;
  /** Of every directory, as `loader.files` are. */
  readonly programs: readonly string[];
}

/** UEFI 13.3.3: GPT's type, and MBR's. */
const ESP_TYPES: ReadonlySet<string> = new Set(["c12a7328-f81f-11d2-ba4b-00a0c93ec93b", "ef"]);
const ESP_PATHS = ["/boot/efi", "/efi", "/boot"];
const FALLBACK_DIRECTORY = "BOOT";
const GRUB_PROGRAM = /^(?:grub|shim).*\.efi$/i;

async function inspectEsp(facts: BootFacts): Promise<Esp | undefined> {
  if (facts.firmware.kind !== "uefi") return undefined;
  const { disks, mounts } = facts.layout;
  const esps = new Set(
    disks
      .flatMap((disk) => disk.table?.partitions ?? [])
      .filter(({ type }) => ESP_TYPES.has(type))
      .map(({ id }) => id),
  );
  // Some machines boot from a FAT partition that has not the type it should have.
  const mount =
    mounts.find(({ device, fsRoot }) => esps.has(device) && fsRoot === "/") ??
    mounts.find(({ type, path }) => type === "vfat" && ESP_PATHS.includes(path));
  if (mount === undefined) return undefined;
  const top = `${facts.prefix}${mount.path === "/" ? "" : mount.path}`;
  const efi = await childNamed(top, "EFI");
  const names = efi === undefined ? [] : await orEmpty(`${top}/${efi}`);
  const directories = await Promise.all(names.map(async (name) => ({ name, files: await programsIn(top, `${efi}/${name}`) })));
  const vendor = chooseVendor(directories, facts);
  const fallback = directories.find(({ name }) => name.toUpperCase() === FALLBACK_DIRECTORY);
  const files = [...new Set([...(vendor?.files ?? []), ...(fallback?.files ?? [])])];
  const unified = directories.find(({ name }) => name.toLowerCase() === UNIFIED_DIRECTORY)?.files ?? [];
  const unifiedKernels = unified.length === 0 ? {} : { unifiedKernels: unified };
  const systemdBoot = systemdBootIn(directories, mount, fallback?.files ?? []);
  return {
    loader: { mountPoint: mount.path, device: mount.device, vendorDirectory: vendor?.name ?? FALLBACK_DIRECTORY, files, ...unifiedKernels },
    systemdBoot: systemdBoot && { ...systemdBoot, ...unifiedKernels },
    isStartedBySystemd: startedFrom(facts)?.toLowerCase() === SYSTEMD_DIRECTORY,
    hasGrub: files.some((file) => GRUB_PROGRAM.test(file.replace(/^.*\//, ""))),
    programs: directories.flatMap(({ files }) => files),
  };
}

/** The Boot Loader Specification, "Type #2 EFI Unified Kernel Images". */
const UNIFIED_DIRECTORY = "linux";

/** Where bootctl puts it (bootctl(1), "install"). */
const SYSTEMD_DIRECTORY = "systemd";
const SYSTEMD_PROGRAM = /\/systemd-boot\w+\.efi$/i;

function systemdBootIn(
  directories: readonly LoaderDirectory[],
  { path, device }: MountPoint,
  fallbackFiles: readonly string[],
): EfiLoader | undefined {
  const own = directories.find(
    ({ name, files }) => name.toLowerCase() === SYSTEMD_DIRECTORY && files.some((file) => SYSTEMD_PROGRAM.test(file)),
  );
  if (own === undefined) return undefined;
  return { mountPoint: path, device, vendorDirectory: own.name, files: [...new Set([...own.files, ...fallbackFiles])] };
}

/** The directory of the loader that this system was started by. */
function startedFrom({ firmware, currentEntry }: BootFacts): string | undefined {
  const entries = firmware.kind === "uefi" ? firmware.entries : [];
  return entries.find(({ number }) => number === currentEntry)?.loaderPath?.split("\\")[2];
}

interface LoaderDirectory {
  readonly name: string;
  readonly files: readonly string[];
}

/** The one this system was started from, else that of its name, else the first with GRUB. */
function chooseVendor(directories: readonly LoaderDirectory[], facts: BootFacts): LoaderDirectory | undefined {
  const candidates = directories.filter(
    ({ name, files }) => name.toUpperCase() !== FALLBACK_DIRECTORY && files.some((file) => GRUB_PROGRAM.test(file.replace(/^.*\//, ""))),
  );
  const named = (wanted: string | undefined) => candidates.find(({ name }) => name.toLowerCase() === wanted?.toLowerCase());
  return named(startedFrom(facts)) ?? named(facts.systemId) ?? candidates[0];
}

/** FAT does not tell the cases apart. */
async function childNamed(directory: string, wanted: string): Promise<string | undefined> {
  return (await orEmpty(directory)).find((name) => name.toUpperCase() === wanted);
}

/** Relative to the mount point. */
async function programsIn(top: string, directory: string): Promise<readonly string[]> {
  const names = await orEmpty(`${top}/${directory}`);
  return names.filter((name) => /\.efi$/i.test(name)).map((name) => `${directory}/${name}`);
}

async function orEmpty(path: string): Promise<readonly string[]> {
  return (await orUnknown(() => listDirectory(path))) ?? [];
}
