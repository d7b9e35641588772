import assert from "node:assert/strict";
import { test } from "node:test";
import { distributionFamily, FAMILIES, fillTemplate, UNKNOWN_FAMILY } from "./distributions.ts";

test("distributionFamily() goes by ID first, then by ID_LIKE in order, then by nothing at all", () => {
  const cases: readonly (readonly [string, readonly string[], string])[] = [
    ["debian", [], "debian"],
    ["ubuntu", ["debian"], "debian"],
    ["rocky", ["rhel", "centos", "fedora"], "redhat"],
    ["opensuse-leap", ["suse", "opensuse"], "suse"],
    ["somebodys-spin", ["unheard-of", "arch"], "arch"],
    ["alpine", [], "alpine"],
    ["void", [], "unknown"],
  ];
  for (const [id, idLike, name] of cases) assert.equal(distributionFamily({ id, idLike }).name, name, id);
});

test("the table of families names no id twice and gives only absolute paths", () => {
  const ids = FAMILIES.flatMap((family) => family.ids);
  assert.equal(new Set(ids).size, ids.length);
  for (const family of [...FAMILIES, UNKNOWN_FAMILY]) {
    for (const path of [...family.kernelPaths, family.initramfs.image]) assert.match(path, /^\//, `${family.name}: ${path}`);
    assert.ok(family.kernelPaths.some((path) => path.includes("{release}")));
  }
});

test("fillTemplate() fills every place, and gives nothing when a value is not known", () => {
  assert.equal(fillTemplate("/boot/{machine-id}/{release}/linux", { release: "6.1", "machine-id": "ab" }), "/boot/ab/6.1/linux");
  assert.equal(fillTemplate("/boot/{machine-id}/linux", { release: "6.1", "machine-id": undefined }), undefined);
  assert.equal(fillTemplate("/boot/vmlinuz", {}), "/boot/vmlinuz");
});
