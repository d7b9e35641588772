// What a restored machine will have of its own is what goes into the set.
import assert from "node:assert/strict";
import { test } from "node:test";
import { BIOS_MACHINE } from "../machine/machine-for-tests.ts";
import { withToolsInSet } from "./choose-subject.ts";

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
