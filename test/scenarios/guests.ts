// The Debian guests of the round-trip tests themselves: what other scenarios build on.

import assert from "node:assert/strict";
import { join } from "node:path";
import { bootGuest } from "../guest/boot-guest.ts";
import { compareLists, describeDifference } from "../guest/compare-lists.ts";
import type { Guest } from "../guest/guest.ts";
import { FILE_LIST_SCRIPT, listCommand, listedPartitions, listImage } from "../guest/list-image.ts";
import { firmwareOf, KINDS } from "../guest/recipe.ts";
import { makeStoreDisk, MOUNT_STORE, readFromStore, storeDisk, STORE_PATH } from "../guest/store-disk.ts";
import type { Scenario, World } from "../scenario.ts";

const LIMIT_MS = 10 * 60_000;
const COMMAND_MS = 120_000;

const guestBoots: Scenario = {
  name: "guest-boots",
  tier: "matrix",
  proves: "both guests boot from their own disks and boot loaders, are healthy, and list the same files inside as their disks do outside",
  async run(world) {
    for (const kind of KINDS) await bootAndList(world, await world.guest(kind));
  },
};

async function bootAndList(world: World, guest: Guest): Promise<void> {
  const directory = await world.workDirectory(`guest-boots-${guest.kind}`);
  const store = join(directory, "store.img");
  await makeStoreDisk(store, { "file-list.pl": FILE_LIST_SCRIPT });
  const partitions = listedPartitions(guest.disk);
  await using booted = await bootGuest({ guest, workDirectory: directory, disks: [storeDisk(store)], timeLimitMs: LIMIT_MS });
  const say = async (command: string) => (await booted.run(command, COMMAND_MS)).output;
  // A shell may come before the last service.
  assert.equal(await say("systemctl is-system-running --wait; systemctl --failed --no-legend"), "running");
  assert.equal(await say("cat /run/boat-service; uname -r; hostname; swapon --noheadings --show=NAME | wc -l"), expectedFacts(guest));
  assert.deepEqual(await booted.run("exit_with() { return $1; }; exit_with 7", COMMAND_MS), { output: "", exitCode: 7 });
  const startedMs = performance.now();
  const { exitCode, output } = await booted.run(
    `${MOUNT_STORE} && ${listCommand(partitions, `${STORE_PATH}/file-list.pl`, `${STORE_PATH}/list`)}`,
    LIMIT_MS,
  );
  const listSeconds = (performance.now() - startedMs) / 1000;
  assert.equal(exitCode, 0, output);
  await booted.run(`umount ${STORE_PATH}`, COMMAND_MS);
  await booted.powerOff();
  const inside = await readFromStore(store, "/list");
  const outside = await listImage({ image: guest.image, partitions });
  console.log(
    `  ${guest.kind}: shell after ${booted.bootSeconds.toFixed(1)} s, ${inside.split("\n").length - 1} paths listed in ${listSeconds.toFixed(1)} s`,
  );
  const differences = compareLists(outside, inside, CHANGED_BY_A_BOOT);
  assert.deepEqual(differences.map(describeDifference), []);
}

function expectedFacts({ kind, kernelRelease, hostname }: Guest): string {
  return ["afloat", kernelRelease, hostname, firmwareOf(kind) === "bios" ? "2" : "1"].join("\n");
}

/** A boot and a login write these, and nothing else. */
const CHANGED_BY_A_BOOT: readonly string[] = [
  "/tmp",
  "/tmp/.ICE-unix",
  "/tmp/.X11-unix",
  "/tmp/.XIM-unix",
  "/tmp/.font-unix",
  "/var/lib/systemd/random-seed",
  "/var/log/lastlog",
  "/var/log/wtmp",
];

export const GUESTS: readonly Scenario[] = [guestBoots];
