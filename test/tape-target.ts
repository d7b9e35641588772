// A SCSI tape drive for guests: tgt in user space, which QEMU reaches by iSCSI and hands on as it is. Its tapes are files.

import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { LifeboatError } from "#os/error";
import { run, start } from "#os/exec";
import { makeDirectory, readBytes, removeFile, writeFile } from "#os/files";
import { freePort } from "./free-port.ts";

export interface TapeTarget extends AsyncDisposable {
  /** Attach the drive to a machine. */
  readonly qemuArguments: readonly string[];
  /** What is put into the drive; a machine may run, and should have let the tape out that is in. */
  change(tape: string): Promise<void>;
  /** Takes the tape out. */
  remove(): Promise<void>;
}

const TARGET = "iqn.2026-01.test:tape";
const START_LIMIT_MS = 20_000;

/** A blank tape of so many megabytes. */
export async function makeTape(path: string, sizeMb: number): Promise<void> {
  await removeFile(path);
  const words = ["--op", "new", "--device-type", "tape", "--barcode", "LIFEBOAT", "--size", String(sizeMb), "--type", "data"];
  await run(["tgtimg", ...words, "--file", path, "--thin-provisioning"]);
}

/** With `tape` in the drive. */
export async function serveTape(tape: string): Promise<TapeTarget> {
  await using setUp = new AsyncDisposableStack();
  await makeDirectory("/var/run/tgtd");
  const port = await freePort();
  // The control port is no port of the network: a number up to 32767 that names a socket.
  const control = ["-C", String(port % 32768)];
  const daemon = setUp.use(start(["setpriv", "--pdeathsig", "KILL", "tgtd", "-f", ...control, "--iscsi", `portal=127.0.0.1:${port}`]));
  const manage = async (...words: readonly string[]) => void (await run(["tgtadm", ...control, "--lld", "iscsi", ...words]));
  await waitFor(() => manage("--op", "show", "--mode", "target"));
  // It ignores SIGTERM while it has a target; what it serves is in files, and written when it has answered.
  setUp.defer(() => daemon.kill("SIGKILL"));
  setUp.defer(() => removeFile(`/var/run/tgtd/socket.${control[1]}`));
  await manage("--op", "new", "--mode", "target", "--tid", "1", "-T", TARGET);
  const unit = ["--mode", "logicalunit", "--tid", "1", "--lun", "1"];
  await manage("--op", "new", ...unit, "--device-type", "tape", "--bstype", "ssc", "-b", tape);
  await manage("--op", "update", ...unit, "--params", "vendor_id=HP,product_id=Ultrium 2-SCSI,product_rev=F63D");
  await manage("--op", "bind", "--mode", "target", "--tid", "1", "-I", "ALL");
  const resources = setUp.move();
  const remove = () => manage("--op", "update", ...unit, "--params", "online=0");
  return {
    qemuArguments: [
      "-drive",
      `file=iscsi://127.0.0.1:${port}/${TARGET}/1,if=none,id=tape,format=raw`,
      "-device",
      "virtio-scsi-pci,id=tapes",
      "-device",
      "scsi-generic,drive=tape,bus=tapes.0",
    ],
    remove,
    async change(path) {
      await remove();
      await manage("--op", "update", ...unit, "--params", `path=${path}`);
      await manage("--op", "update", ...unit, "--params", "online=1");
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

async function waitFor(action: () => Promise<void>): Promise<void> {
  for (const endMs = Date.now() + START_LIMIT_MS; ; await sleep(100)) {
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof LifeboatError) || Date.now() > endMs) throw error;
    }
  }
}

/** usr/backed_ssc: a head of 48 bytes before each block, big-endian: checksum, size in the file, size, type, numbers. */
const HEAD_BYTES = 48;
const DATA = 2;
const FILE_MARK = 64;
const END_OF_DATA = 32;

/** The records of each tape file, as they lie in the tape's own file. */
export async function tapeRecords(tape: string): Promise<readonly (readonly Uint8Array[])[]> {
  const bytes = await readBytes(tape);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const files: Uint8Array[][] = [[]];
  for (let at = 0; at + HEAD_BYTES <= bytes.length;) {
    const type = view.getUint32(at + 12);
    if (type === DATA) files.at(-1)!.push(bytes.subarray(at + HEAD_BYTES, at + HEAD_BYTES + view.getUint32(at + 8)));
    else if (type === FILE_MARK) files.push([]);
    else if (type === END_OF_DATA) break;
    at = Number(view.getBigUint64(at + 40));
  }
  return files;
}

/** What an OBDR drive in CD mode shows: the first tape file from the twenty-first record on. */
export async function writeCdOf(tape: string, path: string): Promise<void> {
  const [records = []] = await tapeRecords(tape);
  await writeFile(path, Buffer.concat(records.slice(20)));
}

export function tapePath(directory: string, number: number): string {
  return join(directory, `tape-${number}.img`);
}
