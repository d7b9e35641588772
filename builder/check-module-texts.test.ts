// A module directory whose texts were cut short is refused by the text's name: what they do not name would be missing from the image.

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { parseModuleTree, type ModuleTreeTexts } from "kmod-parse/module-tree";
import { LifeboatError } from "#os/error";
import { makeDirectory, makeTemporaryDirectory, writeFile } from "#os/files";
import { checkModuleTexts } from "./check-module-texts.ts";
import { withPlace } from "./module-errors.ts";

const WHOLE: ModuleTreeTexts = {
  "modules.dep": "kernel/a.ko.xz: kernel/b-c.ko.xz\nkernel/b-c.ko.xz:\n",
  "modules.alias": "# Aliases extracted from modules themselves.\nalias pci:v0* a\n",
  "modules.builtin.modinfo": "ext4.license=GPL\0",
};
/** As the kernel's build writes it: of what is installed, and of what is not. */
const ORDER = "kernel/a.ko\nkernel/b-c.ko\nkernel/not-installed.ko\n";

/** What the check says of WHOLE with these changes: message without the directory, and hint. */
async function judge(changes: ModuleTreeTexts, order = ORDER): Promise<readonly string[]> {
  await using place = await makeTemporaryDirectory();
  const directory = join(place.path, "6.1");
  await makeDirectory(join(directory, "kernel"));
  for (const name of ["a.ko.xz", "b-c.ko.xz", "d.ko"]) await writeFile(join(directory, "kernel", name), "x");
  await writeFile(join(directory, "modules.order"), order);
  const given: ModuleTreeTexts = { ...WHOLE, ...changes };
  const texts = Object.fromEntries(Object.entries(given).filter(([, text]) => text !== undefined)) as ModuleTreeTexts;
  try {
    const tree = withPlace(directory, () => parseModuleTree(texts));
    await checkModuleTexts(directory, texts, tree);
  } catch (error) {
    if (!(error instanceof LifeboatError)) throw error;
    assert.equal(error.exitCode, 3);
    return [error.message.replaceAll(directory, "DIR"), error.hint ?? ""];
  }
  return [];
}

const listed = (name: string, state: string) =>
  `Cannot use the modules in "DIR" as depmod must have listed them in a whole ${name}: ${state}`;
const DEPMOD = "Run: depmod 6.1";

test("checkModuleTexts() accepts what depmod has written, also of no module at all", async () => {
  assert.deepEqual(await judge({}), []);
  assert.deepEqual(await judge({}, ""), []);
  assert.deepEqual(await judge({ "modules.dep": "", "modules.alias": "" }, "kernel/not-installed.ko\n"), []);
});

test("checkModuleTexts() refuses each text that was cut short, by its name", async () => {
  const noEnd = "the end of its last line is missing";
  const cases: readonly (readonly [changes: ModuleTreeTexts, message: string, hint: string])[] = [
    [{ "modules.alias": WHOLE["modules.alias"]!.slice(0, -2) }, listed("modules.alias", noEnd), DEPMOD],
    [{ "modules.alias": "" }, listed("modules.alias", "it is empty"), DEPMOD],
    [{ "modules.builtin.modinfo": "ext4.license=GP" }, listed("modules.builtin.modinfo", noEnd), "Install the kernel's package again"],
    [{ "modules.dep": "kernel/b-c.ko.xz:" }, listed("modules.dep", noEnd), DEPMOD],
    [{ "modules.dep": "" }, listed("modules.dep", '"kernel/a.ko.xz" is there and not in it'), DEPMOD],
    [{ "modules.dep": "kernel/b-c.ko.xz:\n" }, listed("modules.dep", '"kernel/a.ko.xz" is there and not in it'), DEPMOD],
    [
      { "modules.dep": WHOLE["modules.dep"]!.split("\n", 1)[0]! + "\n" },
      'Cannot read "DIR/modules.dep" as every module has a line of its own: "kernel/a.ko.xz" needs "b_c", which has none',
      DEPMOD,
    ],
  ];
  for (const [changes, message, hint] of cases) assert.deepEqual(await judge(changes), [message, hint]);
  const { "modules.alias": _, ...without } = WHOLE;
  await using place = await makeTemporaryDirectory();
  await assert.rejects(checkModuleTexts(place.path, without, parseModuleTree(without)), /whole modules\.alias: it is not there$/);
});
