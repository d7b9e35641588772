// Kernel releases out of images made by hand, and out of real ones judged by file(1).
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { LifeboatError } from "#os/error";
import { run } from "#os/exec";
import { kernelRelease, readLinuxImage } from "./linux-image.ts";
import { asciiEncode } from "./text.ts";

function bzImage(version = "6.1.0-40-amd64 (debian@kernel) #1 SMP\0", pointer = 0x100): Uint8Array {
  const out = new Uint8Array(0x600);
  const view = new DataView(out.buffer);
  out.set(asciiEncode("HdrS"), 0x202);
  out[0x1f1] = 1;
  view.setUint32(0x1f4, 0x20, true);
  view.setUint16(0x206, 0x020f, true);
  view.setUint16(0x20e, pointer, true);
  view.setUint32(0x248, 0x100, true);
  view.setUint32(0x24c, 0x80, true);
  out.set(asciiEncode(version), 0x200 + pointer);
  return out;
}

/** With a PE header in the boot sector and a signature of 64 bytes behind the kernel, as `sbsign` makes it. */
function signed(magic: number): Uint8Array {
  const out = new Uint8Array(0x640);
  out.set(bzImage());
  const view = new DataView(out.buffer);
  out.set(asciiEncode("MZ"), 0);
  view.setUint32(0x3c, 0x40, true);
  out.set(asciiEncode("PE\0\0"), 0x40);
  view.setUint16(0x58, magic, true);
  const directories = 0x58 + (magic === 0x20b ? 112 : 96);
  view.setUint32(directories - 4, 6, true);
  view.setUint32(directories + 32, 0x600, true);
  view.setUint32(directories + 36, 64, true);
  return out;
}

function withBanner(magic: string, magicOffset: number): Uint8Array {
  const out = new Uint8Array(4096).fill(1);
  out.set(asciiEncode(magic), magicOffset);
  out.set(asciiEncode("Linux version %s (x)"), 1000);
  out.set(asciiEncode("Linux version 6.12.5+deb13-arm64 (x@y) #1"), 2000);
  return out;
}

function zboot(payloadBytes = 100): Uint8Array {
  const out = new Uint8Array(512);
  const view = new DataView(out.buffer);
  out.set(asciiEncode("MZ\0\0zimg"), 0);
  view.setUint32(8, 400, true);
  view.setUint32(12, payloadBytes, true);
  out.set(asciiEncode("zstd22"), 24);
  return out;
}

test("readLinuxImage() tells the formats apart", () => {
  assert.deepEqual(readLinuxImage(bzImage()), { format: "bzImage", release: "6.1.0-40-amd64", bootProtocol: "2.15" });
  assert.deepEqual(readLinuxImage(bzImage().subarray(0, 0x400), "k", 0x600).format, "bzImage");
  for (const magic of [0x20b, 0x10b]) assert.deepEqual(readLinuxImage(signed(magic)).format, "bzImage");
  assert.deepEqual(readLinuxImage(withBanner("ARM\x64", 0x38)), { format: "arm64-image", release: "6.12.5+deb13-arm64" });
  assert.deepEqual(readLinuxImage(withBanner("\x7fELF", 0)), { format: "elf", release: "6.12.5+deb13-arm64" });
  assert.deepEqual(readLinuxImage(zboot()), { format: "zboot", compression: "zstd22", payloadOffset: 400, payloadBytes: 100 });
});

test("kernelRelease() names what keeps it from reading", () => {
  assert.equal(kernelRelease(bzImage()), "6.1.0-40-amd64");
  assert.throws(
    () => kernelRelease(zboot(), "/boot/vmlinuz"),
    /release of the kernel "\/boot\/vmlinuz" as its payload must be unpacked first: zstd22/,
  );
});

function changed(offset: number, byte: number): Uint8Array {
  const bytes = bzImage();
  new DataView(bytes.buffer).setUint32(offset, byte, true);
  return bytes;
}

describe("damaged kernels are refused:", () => {
  for (const [name, bytes, message] of [
    ["empty", new Uint8Array(0), /Cannot read the kernel "k" as it must be a bzImage, an Image or zboot: no known magic in its 0 bytes/],
    ["cut before the pointer", bzImage().subarray(0, 0x20e), /"kernel_version" must lie inside it: 2 bytes at 526, the file has 526/],
    ["cut before the version", bzImage().subarray(0, 0x2ff), /"kernel_version" must lie inside it: 1 bytes at 768, the file has 767/],
    ["cut inside the version", bzImage().subarray(0, 0x305), /the version must end with NUL: none in 5 bytes/],
    [
      "cut by one byte",
      bzImage().subarray(0, 0x5ff),
      /"setup_sects" and "syssize" must lie inside it: they ask for 1536 bytes, the file has 1535/,
    ],
    ...[0x20b, 0x10b].map(
      (magic) =>
        [
          "a signature cut",
          signed(magic).subarray(0, -1),
          /its signature must lie inside it: 64 bytes at 1536, the file has 1599/,
        ] as const,
    ),
    ["a payload past its end", changed(0x24c, 0x101), /its payload must lie inside it: it ends at 513 of 512 bytes/],
    ["a pointer of 0", bzImage("", 0), /"kernel_version" must point to the version: it is 0/],
    [
      "a release that leaves its directory",
      bzImage("6.1/../../etc x\0"),
      /the release must begin with a version number: "6.1\/..\/..\/etc"/,
    ],
    ["gzip", Uint8Array.of(0x1f, 0x8b, 8, 0), /it is compressed with gzip/],
    ["a payload past the end", zboot(1000), /"payload" must lie inside it/],
    ["an Image without banner", withBanner("ARM\x64", 0x38).subarray(0, 1500), /it must hold "Linux version "/],
  ] as [string, Uint8Array, RegExp][]) {
    test(name, () =>
      assert.throws(
        () => kernelRelease(bytes, "k"),
        (error) => error instanceof LifeboatError && message.test(error.message),
      ),
    );
  }

  test("nothing but LifeboatError is thrown for any cut or change", () => {
    const originals = [bzImage(), withBanner("ARM\x64", 0x38), zboot()];
    fc.assert(
      fc.property(fc.nat(2), fc.nat(0x600), fc.nat(0x320), fc.nat(255), (which, cut, offset, value) => {
        const bytes = originals[which]!.slice(0, cut);
        if (offset < bytes.length) bytes[offset] = value;
        try {
          readLinuxImage(bytes);
        } catch (error) {
          if (!(error instanceof LifeboatError)) throw error;
        }
      }),
      { numRuns: 1000 },
    );
  });
});

test("kernelRelease() agrees with file(1) on the kernels in /boot", async (context) => {
  const kernels = readdirSync("/boot").filter((name) => name.startsWith("vmlinuz"));
  if (kernels.length === 0) {
    context.skip("no kernel in /boot");
    return;
  }
  for (const name of kernels) {
    const { stdout } = await run(["file", "-bL", join("/boot", name)]);
    const expected = /version (\S+)/.exec(stdout)?.[1];
    assert.equal(kernelRelease(readFileSync(join("/boot", name)), name), expected);
  }
});
