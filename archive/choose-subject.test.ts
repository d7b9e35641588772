// What a restored machine will have of its own is what goes into the set.
import assert from "node:assert/strict";
import { test } from "node:test";
import { BIOS_MACHINE } from "../machine/machine-for-tests.ts";
import { swapFilesIn, withToolsInSet } from "./choose-subject.ts";

test("withToolsInSet() knows GRUB's installer and its parts only where all of them go into the set", () => {
  const { bootLoader } = BIOS_MACHINE;
  const tools = (isInSet: (path: string) => boolean) => {
    const loader = withToolsInSet(bootLoader, isInSet);
    return loader.kind === "grub" ? [loader.biosTools.installer, loader.biosTools.modules] : [];
  };
  const [installer, modules] = ["/usr/sbin/grub-install", "/usr/lib/grub/i386-pc"];
  assert.deepEqual(
    tools(() => true),
    [installer, modules],
  );
  assert.deepEqual(
    tools((path) => path !== installer),
    [undefined, modules],
  );
  assert.deepEqual(
    tools((path) => !path.endsWith("/boot.img")),
    [installer, undefined],
  );
  const unknown = { kind: "unknown", detail: "x" } as const;
  assert.deepEqual(
    withToolsInSet(unknown, () => false),
    unknown,
  );
});

test("swapFilesIn() names swap files in use below what is included, as the machine names them", () => {
  const swap = (path: string, type: "file" | "partition") => ({ path, type, sizeBytes: 1, usedBytes: 0, priority: -2 });
  const swaps = [swap("/swapfile", "file"), swap("/mnt/old/swap/a", "file"), swap("/dev/sda2", "partition"), swap("/srv/swap", "file")];
  assert.deepEqual(swapFilesIn(swaps, { root: "/", include: ["/"] }), ["/swapfile", "/mnt/old/swap/a", "/srv/swap"]);
  assert.deepEqual(swapFilesIn(swaps, { root: "/", include: ["/srv", "/etc"] }), ["/srv/swap"]);
  assert.deepEqual(swapFilesIn(swaps, { root: "/mnt/old", include: ["/"] }), ["/swap/a"]);
});
