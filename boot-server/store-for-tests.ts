// For tests: a store of sets as far as a boot server looks at them, each with a rescue image of small files.

import { run } from "#os/exec";
import { makeDirectory, makeTemporaryDirectory, writeFile } from "#os/files";
import { BIOS_MACHINE } from "../machine/machine-for-tests.ts";
import { formatManifest, type SetManifest } from "../set/set-manifest.ts";

export interface SetForTests {
  readonly id: string;
  readonly hostName: string;
  readonly mac?: string;
  readonly kind?: SetManifest["kind"];
}

/** `tools` is the content of tools.squashfs in each. */
export async function makeStore(
  store: string,
  sets: readonly SetForTests[],
  tools: Uint8Array = new Uint8Array(5000).fill(7),
): Promise<void> {
  await makeDirectory(store);
  await writeFile(`${store}/.lifeboat-store`, "");
  for (const set of sets) await makeSet(`${store}/${set.id}`, set, tools);
}

async function makeSet(path: string, { id, hostName, mac, kind = "machine" }: SetForTests, tools: Uint8Array): Promise<void> {
  await makeDirectory(`${path}/boot`);
  const network = mac === undefined ? [] : [{ ...BIOS_MACHINE.network[0]!, mac }];
  await writeFile(`${path}/machine.json`, JSON.stringify({ ...BIOS_MACHINE, network }));
  await writeFile(`${path}/data-0001.tar.zst`, "secret", 0o600);
  await writeFile(`${path}/set.json`, formatManifest(manifestOf(id, hostName, kind)));
  if (kind === "machine") await makeIso(`${path}/boot/rescue.iso`, id, tools);
}

async function makeIso(iso: string, id: string, tools: Uint8Array): Promise<void> {
  await using work = await makeTemporaryDirectory();
  const directory = `${work.path}/lifeboat`;
  await makeDirectory(directory);
  await writeFile(`${directory}/vmlinuz`, `kernel of ${id}`);
  await writeFile(`${directory}/initramfs.img`, `initramfs of ${id}`);
  await writeFile(`${directory}/tools.squashfs`, tools);
  await writeFile(`${directory}/build-id`, "0011223344556677\n");
  await run(["xorriso", "-as", "mkisofs", "-quiet", "-R", "-V", "RESCUE", "-o", iso, work.path]);
}

function manifestOf(id: string, hostName: string, kind: SetManifest["kind"]): SetManifest {
  return {
    formatVersion: 1,
    id,
    kind,
    hostName,
    createdAt: id.replace(/^.*-(....)(..)(..)T(..)(..)(..)Z$/, "$1-$2-$3T$4:$5:$6.000Z"),
    finishedAt: "2026-11-21T19:46:00.000Z",
    createdBy: "lifeboat",
    digestAlgorithm: "BLAKE2b-512",
    codec: "zstd",
    level: 3,
    consistent: "live",
    parent: null,
    options: { include: ["/"], exclude: [] },
    totals: { paths: 1, contentBytes: 2, frames: 3, volumes: 1, streamBytes: 5, storedBytes: 6 },
    changed: [],
    unreadable: [],
    files: [{ name: "data-0001.tar.zst", sizeBytes: 6 }],
  };
}
