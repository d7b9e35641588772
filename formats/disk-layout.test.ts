// MBR, GPT, El Torito and ISO 9660 readers against xorriso and sfdisk, on images made here, and against damage.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import * as fc from "fast-check";
import { LifeboatError } from "#os/error";
import { run } from "#os/exec";
import { crc32 } from "./crc32.ts";
import { readElTorito } from "./el-torito.ts";
import { GUID_ESP, readGpt } from "./gpt.ts";
import { findOnIso, listIsoDirectory, readIsoFile, readIsoVolume } from "./iso9660.ts";
import { readMbr } from "./mbr.ts";

const scratch = mkdtempSync(join(tmpdir(), "lifeboat-iso-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

const APPEND = ["-append_partition", "2", GUID_ESP, "efi.img"];
const EFI_BOOT = ["-eltorito-alt-boot", "-e", "--interval:appended_partition_2:all::", "-no-emul-boot"];
const LONG_NAME = `${"long".repeat(60)}.txt`;

/** The two layouts of the hybrid ISO that matter: a valid GPT, and archiso's with its deliberately overlapping one. */
const LAYOUTS = {
  valid: ["--mbr-force-bootable", "-partition_offset", "16", ...APPEND, "-appended_part_as_gpt", ...EFI_BOOT],
  archiso: ["--mbr-force-bootable", "-partition_offset", "16", ...APPEND, "-isohybrid-gpt-basdat", ...EFI_BOOT],
};

const directory = mkdtempSync(join(scratch, "t-"));
const images: Record<string, Uint8Array> = {};
let missing: string | undefined;

before(async () => {
  const found = await run(["sh", "-c", "command -v xorriso && command -v sfdisk"], { okCodes: [0, 1, 127] });
  const mbr = "/usr/lib/ISOLINUX/isohdpfx.bin";
  const isolinux = "/usr/lib/ISOLINUX/isolinux.bin";
  const hasLoader = (await run(["test", "-r", mbr, "-a", "-r", isolinux], { okCodes: [0, 1] })).exitCode === 0;
  if (found.exitCode !== 0 || !hasLoader) {
    missing = "needs the packages xorriso, fdisk and isolinux";
    return;
  }
  mkdirSync(join(directory, "tree/boot/deep"), { recursive: true });
  writeFileSync(join(directory, "tree/isolinux.bin"), readFileSync(isolinux));
  writeFileSync(join(directory, "tree/boot/kernel"), "the kernel");
  writeFileSync(join(directory, "tree/boot/deep", LONG_NAME), "long name");
  writeFileSync(join(directory, "tree/größe"), "");
  symlinkSync("boot/kernel", join(directory, "tree/link"));
  for (let index = 0; index < 100; index += 1) writeFileSync(join(directory, `tree/boot/deep/file-${index}`), `${index}`);
  writeFileSync(join(directory, "efi.img"), new Uint8Array(1_474_560));
  for (const [name, options] of Object.entries(LAYOUTS)) {
    const boot = [
      "-b",
      "isolinux.bin",
      "-c",
      "boot.cat",
      "-no-emul-boot",
      "-boot-load-size",
      "4",
      "-boot-info-table",
      "-isohybrid-mbr",
      mbr,
    ];
    const fixed = ["--modification-date=2026112119450000", "-V", "LIFEBOAT", "-rational-rock"];
    await run(["xorriso", "-as", "mkisofs", "-quiet", "-o", `${name}.iso`, ...fixed, ...boot, ...options, "tree"], { cwd: directory });
    images[name] = new Uint8Array(readFileSync(join(directory, `${name}.iso`)));
  }
});

/** The image, or undefined after saying why the test is skipped. */
function image(name: keyof typeof LAYOUTS, context: { skip(message: string): void }): Uint8Array | undefined {
  if (missing !== undefined) context.skip(missing);
  return images[name];
}

async function report(name: string, what: string): Promise<readonly string[][]> {
  const { stdout } = await run(["xorriso", "-indev", `${name}.iso`, what, "plain"], { cwd: directory });
  return stdout.split("\n").map((line) => line.split(/[:\s]+/).filter((word) => word !== ""));
}

interface SfdiskTable {
  readonly partitiontable: {
    readonly id: string;
    readonly firstlba: number;
    readonly lastlba: number;
    readonly partitions: readonly {
      readonly start: number;
      readonly size: number;
      readonly type: string;
      readonly uuid: string;
      readonly name?: string;
    }[];
  };
}

async function sfdisk(path: string): Promise<SfdiskTable["partitiontable"]> {
  return (JSON.parse((await run(["sfdisk", "--json", path])).stdout) as SfdiskTable).partitiontable;
}

describe("a hybrid ISO", () => {
  test("has the boot entries that xorriso reports", async (context) => {
    const iso = image("valid", context);
    if (iso === undefined) return;
    const rows = await report("valid", "-report_el_torito");
    const expected = rows.filter((row) => row.slice(0, 4).join(" ") === "El Torito boot img" && row[4] !== undefined);
    const entries = readElTorito(iso)?.entries ?? [];
    assert.deepEqual(
      entries.map((one) => [
        one.platform.toUpperCase(),
        one.bootable ? "y" : "n",
        one.media === "no-emulation" ? "none" : one.media,
        one.sectorCount,
        one.loadLba,
      ]),
      expected.map((row) => [row[5], row[6], row[7], Number(row[10]), Number(row[11])]),
    );
    assert.deepEqual(
      entries.map((one) => one.platform),
      ["bios", "uefi"],
    );
    const catalogue = rows.find((row) => row.slice(0, 3).join(" ") === "El Torito catalog");
    assert.equal(readElTorito(iso)?.catalogueLba, Number(catalogue?.[3]));
  });

  test("has the MBR that xorriso reports, boot code and signature included", async (context) => {
    for (const name of ["valid", "archiso"] as const) {
      const iso = image(name, context);
      if (iso === undefined) return;
      const mbr = readMbr(iso);
      const rows = (await report(name, "-report_system_area")).filter(
        (row) => row.slice(0, 2).join(" ") === "MBR partition" && /^\d$/.test(row[2] ?? ""),
      );
      const used = mbr.partitions.filter((one) => one.sectorCount > 0);
      assert.deepEqual(
        used.map((one) => [one.active ? 0x80 : 0, one.type, one.startLba, one.sectorCount]),
        rows.map((row) => [Number(row[3]), Number(row[4]), Number(row[5]), Number(row[6])]),
      );
      assert.deepEqual([mbr.hasSignature, mbr.hasBootCode], [true, true]);
    }
  });

  test("has a valid GPT in one layout and an overlapping one in archiso's", async (context) => {
    const iso = image("valid", context);
    if (iso === undefined) return;
    const gpt = readGpt(iso);
    const expected = await sfdisk(join(directory, "valid.iso"));
    assert.deepEqual(gpt?.problems, []);
    assert.deepEqual(
      [gpt?.primary.diskGuid, gpt?.primary.firstUsableLba, gpt?.primary.lastUsableLba],
      [expected.id, expected.firstlba, expected.lastlba],
    );
    assert.deepEqual(
      gpt?.primary.partitions.map((one) => [one.firstLba, one.lastLba - one.firstLba + 1, one.typeGuid, one.uniqueGuid, one.name]),
      expected.partitions.map((one) => [one.start, one.size, one.type, one.uuid, one.name]),
    );
    assert.deepEqual(
      gpt?.primary.partitions.map((one) => one.name),
      ["ISO9660", "Appended2", "Gap1"],
    );
    assert.match(readGpt(images["archiso"]!)?.problems.join() ?? "", /^partitions \d and \d overlap$/);
  });

  test("is an ISO 9660 volume with Rock Ridge names and the content put in", (context) => {
    const iso = image("valid", context);
    if (iso === undefined) return;
    const volume = readIsoVolume(iso);
    assert.deepEqual([volume.volumeId, volume.blockBytes, volume.modificationDate], ["LIFEBOAT", 2048, "2026112119450000"]);
    const kernel = findOnIso(iso, "/boot/kernel");
    assert.equal(new TextDecoder().decode(readIsoFile(iso, kernel!)), "the kernel");
    assert.equal(new TextDecoder().decode(readIsoFile(iso, findOnIso(iso, `boot/deep/${LONG_NAME}`)!)), "long name");
    assert.deepEqual(
      listIsoDirectory(iso, findOnIso(iso, "")!)
        .map((one) => `${one.name} ${one.type}`)
        .sort(),
      ["boot directory", "boot.cat file", "größe file", "isolinux.bin file", "link symlink"],
    );
    assert.equal(listIsoDirectory(iso, findOnIso(iso, "boot/deep")!).length, 101);
    assert.deepEqual([findOnIso(iso, "boot/none"), findOnIso(iso, "boot/kernel/x")], [undefined, undefined]);
    const boot = readElTorito(iso)?.entries[0];
    assert.equal(findOnIso(iso, "isolinux.bin")?.extents[0]?.lba, boot?.loadLba);
  });

  test("is refused or read, but never worse, whatever bytes of its tables change", (context) => {
    const iso = image("valid", context);
    if (iso === undefined) return;
    const root = findOnIso(iso, "")!.extents[0]!.lba * 2048;
    const catalogue = readElTorito(iso)!.catalogueLba * 2048;
    const places = [0, 512, 1024, 16 * 2048, 17 * 2048, catalogue, root].map((start) => fc.nat(511).map((offset) => start + offset));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.oneof(...places), fc.nat(255)), { minLength: 1, maxLength: 5 }), (changes) => {
        const kept = changes.map(([offset]) => iso[offset]!);
        for (const [offset, value] of changes) iso[offset] = value;
        try {
          for (const read of [readMbr, readGpt, readElTorito, readIsoVolume, (bytes: Uint8Array) => findOnIso(bytes, "boot/kernel")])
            onlyLifeboatErrors(() => read(iso));
        } finally {
          changes.toReversed().forEach(([offset], index) => (iso[offset] = kept.toReversed()[index]!));
        }
      }),
      { numRuns: 100 },
    );
  });
});

/** A disk of 1024 sectors with a partition table by sfdisk. */
async function sfdiskImage(script: string): Promise<Uint8Array | undefined> {
  const path = join(mkdtempSync(join(scratch, "t-")), "disk.img");
  writeFileSync(path, new Uint8Array(1024 * 512));
  await run(["sfdisk", "--quiet", path], { input: script });
  return new Uint8Array(readFileSync(path));
}

const TWO_PARTITIONS = "label: gpt\nfirst-lba: 34\nstart=40, size=100, name=one, type=uefi\nstart=200, size=50, name=größe\n";

describe("a GPT by sfdisk", () => {
  test("is read with names, types and its backup, and without a problem", async (context) => {
    if (missing !== undefined) return context.skip(missing);
    const gpt = readGpt((await sfdiskImage(TWO_PARTITIONS))!);
    assert.deepEqual(gpt?.problems, []);
    assert.deepEqual(
      gpt?.primary.partitions.map((one) => [one.number, one.name, one.typeGuid === GUID_ESP, one.firstLba, one.lastLba]),
      [
        [1, "one", true, 40, 139],
        [2, "größe", false, 200, 249],
      ],
    );
    assert.deepEqual(gpt?.backup?.partitions, gpt?.primary.partitions);
  });

  const lba = (sector: number, offset = 0) => sector * 512 + offset;
  for (const [name, change, problem] of [
    ["a changed header", { [lba(1, 56)]: 1 }, /primary header checksum is wrong/],
    ["a changed entry", { [lba(2, 56)]: 0x58 }, /primary table checksum is wrong,primary and backup tables differ/],
    ["a changed backup", { [lba(1023, 56)]: 1 }, /backup header checksum is wrong,primary and backup tables differ/],
    ["a missing backup", { [lba(1023)]: 0 }, /^no backup header at LBA 1023$/],
    ["overlapping partitions", { [lba(2, 168)]: 0x3c, [lba(2, 160)]: 0x32 }, /partitions 1 and 2 overlap/],
    ["a partition that ends before it starts", { [lba(2, 40)]: 1 }, /partition 1 lies outside the usable area/],
  ] as [string, Record<number, number>, RegExp][]) {
    test(`with ${name} has a problem`, async (context) => {
      if (missing !== undefined) return context.skip(missing);
      const disk = (await sfdiskImage(TWO_PARTITIONS))!;
      // What sfdisk draws by chance may be that already.
      for (const [offset, value] of Object.entries(change)) disk[Number(offset)] = disk[Number(offset)] === value ? value ^ 2 : value;
      assert.match(readGpt(disk)?.problems.join() ?? "", problem);
    });
  }

  test("names every partition that a long one covers", async (context) => {
    if (missing !== undefined) return context.skip(missing);
    const disk = (await sfdiskImage("label: gpt\nfirst-lba: 34\nstart=40, size=100\nstart=200, size=20\nstart=240, size=20\n"))!;
    // The first one's end from 139 to 511.
    disk.set([0xff, 1], lba(2, 40));
    const overlaps = readGpt(disk)?.problems.filter((problem) => problem.includes("overlap"));
    return assert.deepEqual(overlaps, ["partitions 1 and 2 overlap", "partitions 1 and 3 overlap"]);
  });

  test("on a longer disk says that the backup is not at the end; on none says nothing", async (context) => {
    if (missing !== undefined) return context.skip(missing);
    const disk = (await sfdiskImage(TWO_PARTITIONS))!;
    const longer = new Uint8Array(disk.length + 512);
    longer.set(disk);
    assert.deepEqual(readGpt(longer)?.problems, ["backup header at LBA 1023, the last is 1024"]);
    assert.equal(readGpt(new Uint8Array(4096)), undefined);
  });

  test("with sizes that lie is refused", async (context) => {
    if (missing !== undefined) return context.skip(missing);
    const disk = (await sfdiskImage(TWO_PARTITIONS))!;
    disk[lba(1, 12)] = 4;
    assert.throws(() => readGpt(disk), /Cannot read the GPT as the primary header must have 92 to 512 bytes: 4/);
    disk[lba(1, 12)] = 92;
    disk[lba(1, 83)] = 0xff;
    assert.throws(() => readGpt(disk), /the primary table must have at most 4096 entries/);
    disk[lba(1, 83)] = 0;
    disk[lba(1, 78)] = 0xff;
    assert.throws(() => readGpt(disk), /"primary table" must lie inside it/);
  });
});

describe("a boot catalogue by hand", () => {
  /** Sector 17: boot record; sector 18: catalogue. */
  function catalogue(entries: readonly (readonly number[])[]): Uint8Array {
    const iso = new Uint8Array(19 * 2048);
    iso.set(new TextEncoder().encode("\0CD001\u0001EL TORITO SPECIFICATION"), 17 * 2048);
    iso[17 * 2048 + 0x47] = 18;
    const validation = new Uint8Array(32);
    validation.set([1, 0, 0, 0, ...new TextEncoder().encode("LIFEBOAT")]);
    validation.set([0x55, 0xaa], 30);
    const view = new DataView(validation.buffer);
    let sum = 0;
    for (let offset = 0; offset < 32; offset += 2) sum += view.getUint16(offset, true);
    view.setUint16(28, -sum & 0xffff, true);
    iso.set(validation, 18 * 2048);
    entries.forEach((entry, index) => iso.set(entry, 18 * 2048 + 32 + index * 32));
    return iso;
  }
  const initial = [0x88, 0, 0xc0, 0x07, 0, 0, 4, 0, 50];

  test("gives section headers, extensions and an entry that is not bootable", () => {
    const sections = [
      initial,
      [0x90, 0xef, 1, 0],
      [0x88, 0x20, 0, 0, 0, 0, 1, 0, 60],
      [0x44, 0x20],
      [0x44, 0],
      [0x91, 0xef, 1, 0],
      [0, 4, 0, 0, 0, 0, 0, 0, 70],
    ];
    const read = readElTorito(catalogue(sections));
    assert.equal(read?.id, "LIFEBOAT");
    assert.deepEqual(
      read?.entries.map((one) => [one.platform, one.bootable, one.media, one.loadSegment, one.sectorCount, one.loadLba]),
      [
        ["bios", true, "no-emulation", 0x7c0, 4, 50],
        ["uefi", true, "no-emulation", 0, 1, 60],
        ["uefi", false, "hard-disk", 0, 0, 70],
      ],
    );
  });

  test("is refused when its checksum, key, pointer or counts are wrong", () => {
    const broken = (offset: number, value: number) => {
      const iso = catalogue([initial]);
      iso[offset] = value;
      return () => readElTorito(iso);
    };
    assert.throws(broken(18 * 2048 + 5, 1), /words of the validation entry must sum to 0/);
    assert.throws(broken(18 * 2048 + 30, 1), /the validation entry must end with 55 AA: aa01/);
    assert.throws(broken(18 * 2048, 2), /the validation entry must begin with 1: 2/);
    assert.throws(broken(17 * 2048 + 0x49, 9), /"header id" must lie inside it/);
    assert.throws(broken(18 * 2048 + 32, 7), /"boot indicator" must be 88 or 00: 7/);
    assert.throws(() => readElTorito(catalogue([initial, [0x91, 0xef, 0xff, 0xff]])), /Cannot read the boot catalogue as/);
    assert.equal(readElTorito(new Uint8Array(20 * 2048)), undefined);
  });
});

test("readMbr() tells an empty record from a bootable one, and refuses less than 512 bytes", () => {
  const empty = readMbr(new Uint8Array(512));
  assert.deepEqual([empty.hasSignature, empty.hasBootCode, empty.partitions.length], [false, false, 4]);
  assert.throws(() => readMbr(new Uint8Array(511)), /Cannot read the master boot record as "signature" must lie inside it/);
});

test("the header checksum of a GPT is CRC-32 of the header with its own field at zero", async (context) => {
  if (missing !== undefined) return context.skip(missing);
  const disk = (await sfdiskImage(TWO_PARTITIONS))!;
  const header = disk.slice(512, 512 + 92);
  header.fill(0, 16, 20);
  assert.equal(new DataView(disk.buffer).getUint32(512 + 16, true), crc32(header));
});

function onlyLifeboatErrors(action: () => unknown): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof LifeboatError)) throw error;
  }
}
