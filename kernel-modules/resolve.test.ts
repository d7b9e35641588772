import assert from "node:assert/strict";
import { test } from "node:test";
import { lookup } from "./lookup.ts";
import { parseModuleTree } from "./module-tree.ts";
import { directNeeds, resolveClosure } from "./resolve.ts";
import { treeLoadOrder } from "./tree-load-order.ts";

const TREE = parseModuleTree(
  {
    "modules.dep": [
      "kernel/nvme-core.ko: kernel/t10-pi.ko kernel/crc.ko",
      "kernel/t10-pi.ko: kernel/crc.ko",
      "kernel/crc.ko:",
      "kernel/nvme.ko: kernel/nvme-core.ko kernel/t10-pi.ko kernel/crc.ko",
      "kernel/cifs.ko:",
      "kernel/gcm_fast.ko:",
      "kernel/gcm_slow.ko:",
      "kernel/weak.ko:",
      "updates/cifs.ko: kernel/crc.ko",
    ].join("\n"),
    "modules.alias": "alias crypto-gcm gcm_slow\nalias crypto-gcm gcm_fast\nalias pci:v*1* nvme\n",
    "modules.softdep": "softdep cifs crypto-gcm hidden nls\nsoftdep cifs pre: weak\n",
    "modules.weakdep": "weakdep nv* weak ghost\n",
    "modules.builtin": "kernel/nls.ko\nkernel/hmac.ko\n",
    "modules.builtin.modinfo": "hmac.alias=crypto-hmac\0hmac.softdep=pre: gcm_slow\0",
  },
  [{ name: "a.conf", directory: "/etc/modprobe.d", text: "alias sd-card off\nalias my-disk nvme\n" }],
);

test("a closure gives each module a chain of reasons, nearest first, along direct dependencies", () => {
  const { modules } = resolveClosure(TREE, [{ name: "nvme", because: ["class nvme"] }], { quirks: [] });
  assert.deepEqual(
    [...modules],
    [
      ["nvme", ["class nvme"]],
      ["nvme_core", ["nvme needs nvme_core", "class nvme"]],
      ["weak", ["nvme may ask for weak, as its weakdep says", "class nvme"]],
      ["t10_pi", ["nvme_core needs t10_pi", "nvme needs nvme_core", "class nvme"]],
      ["crc", ["t10_pi needs crc", "nvme_core needs t10_pi", "nvme needs nvme_core", "class nvme"]],
    ],
  );
  assert.deepEqual(directNeeds(TREE, "nvme_core"), ["t10_pi"]);
});

test("all softdep words of all lines count for taking in, aliases give every server, built-ins and strangers are told", () => {
  const resolution = resolveClosure(TREE, [{ name: "cifs", because: ["asked"] }], { quirks: [] });
  assert.deepEqual([...resolution.modules.keys()], ["cifs", "gcm_fast", "gcm_slow", "weak"]);
  assert.deepEqual([...resolution.builtins], [["nls", ["cifs asks for nls, as its softdep says", "asked"]]]);
  assert.deepEqual(resolution.unknown, [{ name: "hidden", because: ["cifs asks for hidden, as its softdep says", "asked"] }]);
});

test("a built-in module's softdep and a quirk bring modules along, with their reasons", () => {
  const quirks = [{ module: "gcm_slow", needs: ["nvme"], why: "https://example.org/1" }];
  const { modules } = resolveClosure(TREE, [{ name: "crypto-hmac", because: ["asked"] }], { quirks, refuse: new Set(["nvme_core"]) });
  assert.deepEqual(modules.get("gcm_slow"), ["hmac asks for gcm_slow, as its softdep says", "asked"]);
  assert.deepEqual(modules.get("nvme")?.[0], "gcm_slow needs nvme, see https://example.org/1");
  assert.equal(modules.has("nvme_core"), false);
});

test("for loading only the first softdep line counts, and not its words before pre: and post:", () => {
  assert.deepEqual(treeLoadOrder(TREE, "cifs"), ["cifs"]);
  assert.deepEqual(treeLoadOrder(TREE, "nvme"), ["crc", "t10_pi", "nvme_core", "nvme"]);
  assert.deepEqual(treeLoadOrder(TREE, "nobody"), []);
});

test("kmod's sources answer in kmod's order", () => {
  const found = ["my-disk", "sd-card", "nvme-core", "crypto-gcm", "nls", "crypto-hmac", "pci:v01", "nothing", "a[b"].map((query) =>
    lookup(TREE, query),
  );
  assert.deepEqual(found, [
    { source: "config alias", names: ["nvme"] },
    { source: "config alias", names: ["off"] },
    { source: "name", names: ["nvme_core"] },
    { source: "alias", names: ["gcm_fast", "gcm_slow"] },
    { source: "built-in", names: ["nls"] },
    { source: "built-in alias", names: ["hmac"] },
    { source: "alias", names: ["nvme"] },
    undefined,
    undefined,
  ]);
});

test("a directory without modules.dep says what makes one", () => {
  assert.throws(() => parseModuleTree({}), {
    message: 'Cannot read the module directory as it must have a modules.dep: not found; "depmod RELEASE" makes one',
  });
});

test("of two modules of one name the first counts", () => {
  assert.equal(TREE.modules.get("cifs")?.path, "kernel/cifs.ko");
});
