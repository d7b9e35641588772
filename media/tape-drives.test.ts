// Tape drives in sysfs, and those that pretend to be a CD.
import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import { chmod, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { run as runProgram } from "#os/exec";
import { leaveCdMode, obdrDrives, tapeDrives } from "./tape-drives.ts";
import type { RunCommand } from "./medium.ts";

const sys = mkdtempSync(join(tmpdir(), "lifeboat-test-sys-"));
after(() => rm(sys, { recursive: true }));

/** INQUIRY data as SPC-3 has it: 36 bytes of the standard, then the vendor's. */
function inquiry(product: string, vendorSpecific: string): Buffer {
  const bytes = Buffer.alloc(96);
  bytes.write("HP      ", 8, "latin1");
  bytes.write(product.padEnd(16), 16, "latin1");
  bytes.write(vendorSpecific, 43, "latin1");
  return bytes;
}

async function cd(name: string, address: string, data: Buffer): Promise<void> {
  const [host = ""] = address.split(":");
  const device = join(sys, "devices", `host${host}`, address);
  await mkdir(device, { recursive: true });
  await mkdir(join(sys, "class/block", name), { recursive: true });
  await mkdir(join(sys, "class/scsi_host", `host${host}`), { recursive: true });
  await writeFile(join(device, "inquiry"), data);
  await symlink(device, join(sys, "class/block", name, "device"));
}

await cd("sr0", "1:0:0:0", inquiry("DVD-ROM", ""));
await cd("sr1", "3:0:4:1", inquiry("Ultrium 2-SCSI", "$DR-10"));
await cd("sr2", "5:0:0:0", Buffer.alloc(36));
for (const name of ["nst0", "nst0a", "nst0l", "st0", "nst11", "st11"]) await mkdir(join(sys, "class/scsi_tape", name), { recursive: true });

test("of a drive's nodes the one is named that neither rewinds nor has a mode of its own", () => {
  assert.deepEqual(tapeDrives(sys), ["/dev/nst0", "/dev/nst11"]);
  assert.deepEqual(tapeDrives(join(sys, "nowhere")), []);
});

test("a CD whose INQUIRY has $DR-10 at byte 43 is a tape drive", () => {
  assert.deepEqual(obdrDrives(sys), [{ name: "sr1", address: "3:0:4:1" }]);
});

const run: RunCommand = async ([program, ...args]) => {
  const { exitCode, stdout, stderr } = await runProgram([program, ...args], {
    okCodes: [0, 1],
    env: { PATH: `${sys}/bin:${process.env["PATH"]}` },
  });
  return { exitCode, output: stdout + stderr };
};

async function fakeProgram(script: string): Promise<void> {
  await mkdir(join(sys, "bin"), { recursive: true });
  await writeFile(join(sys, "bin/sg_wr_mode"), `#!/bin/sh\n${script}\n`);
  await chmod(join(sys, "bin/sg_wr_mode"), 0o755);
}

test("its mode is set by page 3Eh, and the kernel is told to forget it and to look for it again", async () => {
  await fakeProgram(`printf '%s\\n' "$@" > ${sys}/words`);
  await leaveCdMode({ name: "sr1", address: "3:0:4:1" }, run, sys);
  assert.equal(await readFile(join(sys, "words"), "utf8"), "-f\n-p\n3eh\n-c\n3e,2,0,0\n/dev/sr1\n");
  assert.equal(await readFile(join(sys, "devices/host3/3:0:4:1/delete"), "utf8"), "1\n");
  assert.equal(await readFile(join(sys, "class/scsi_host/host3/scan"), "utf8"), "0 4 1\n");
});

test("a drive that does not obey is named with its program's words, and stays as it is", async () => {
  await rm(join(sys, "devices/host3/3:0:4:1/delete"));
  await fakeProgram("echo 'mode page not supported' >&2; exit 1");
  await assert.rejects(leaveCdMode({ name: "sr1", address: "3:0:4:1" }, run, sys), {
    message: 'Cannot use "/dev/sr1" as a tape drive as it must leave its CD mode: mode page not supported',
  });
  await assert.rejects(readFile(join(sys, "devices/host3/3:0:4:1/delete")));
});
