import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { run } from "#os/exec";
import { findFirmware, type FirmwareFiles } from "./firmware-files.ts";

const root = await realpath(await mkdtemp(join(tmpdir(), "lifeboat-firmware-")));
after(() => rm(root, { recursive: true }));

async function put(path: string, content = path): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), content);
}

async function link(path: string, target: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await symlink(target, join(root, path));
}

await put("lib/firmware/plain.bin");
await put("lib/firmware/rtl/rtl8168.fw.zst");
await put("lib/firmware/both.bin.xz");
await put("lib/firmware/both.bin.zst");
await put("lib/firmware/6.1/by-release.bin");
await put("lib/firmware/by-release.bin");
await put("lib/firmware/updates/by-release.bin.zst");
await put("lib/firmware/updates/newer.bin");
await put("lib/firmware/newer.bin");
await put("lib/firmware/nvidia/tu117/gr.bin");
await link("lib/firmware/nvidia/tu116", "tu117");
await link("lib/firmware/nvidia/tu116-alias", "tu116");
await link("lib/firmware/plain-link.bin", "nvidia/../plain.bin");
await put("etc/vendor.bin");
await link("lib/firmware/outside.bin", "../../etc/vendor.bin");
await link("lib/firmware/broken.bin", "gone.bin");
await put("lib/firmware/brcm/a-pcie.bin");
await put("lib/firmware/brcm/b-pcie.bin.xz");
await put("lib/firmware/brcm/b-sdio.bin");
await put("lib/firmware/brcm/deep/c-pcie.bin");

const find = (...names: readonly string[]): Promise<FirmwareFiles> => findFirmware(names, { root, release: "6.1" });
const paths = (files: FirmwareFiles): readonly string[] => files.entries.map((entry) => entry.path);

test("findFirmware() gives file, place and size, and names what is missing", async () => {
  assert.deepEqual(await find("plain.bin", "gone.bin", "plain.bin"), {
    found: [{ name: "plain.bin", paths: ["lib/firmware/plain.bin"] }],
    missing: ["gone.bin"],
    entries: [
      { type: "file", path: "lib/firmware/plain.bin", hostPath: join(root, "lib/firmware/plain.bin"), sizeBytes: 22, compression: "none" },
    ],
  });
});

test("findFirmware() searches as the kernel does: plain in every directory first, then .zst, then .xz", async () => {
  const cases: readonly (readonly [string, string])[] = [
    ["newer.bin", "lib/firmware/updates/newer.bin"],
    ["by-release.bin", "lib/firmware/6.1/by-release.bin"],
    ["both.bin", "lib/firmware/both.bin.zst"],
    ["rtl/rtl8168.fw", "lib/firmware/rtl/rtl8168.fw.zst"],
  ];
  for (const [name, path] of cases) assert.deepEqual(paths(await find(name)), [path], name);
});

test("findFirmware() keeps links among directories and files, and turns one that leads outside into the file", async () => {
  const linked = await find("nvidia/tu116-alias/gr.bin", "plain-link.bin", "outside.bin", "broken.bin");
  assert.deepEqual(linked.missing, ["broken.bin"]);
  assert.deepEqual(
    linked.entries.map((entry) => [entry.path, entry.type === "symlink" ? entry.target : entry.hostPath.slice(root.length)]),
    [
      ["lib/firmware/nvidia/tu116", "tu117"],
      ["lib/firmware/nvidia/tu116-alias", "tu116"],
      ["lib/firmware/nvidia/tu117/gr.bin", "/lib/firmware/nvidia/tu117/gr.bin"],
      ["lib/firmware/outside.bin", "/etc/vendor.bin"],
      ["lib/firmware/plain-link.bin", "plain.bin"],
      ["lib/firmware/plain.bin", "/lib/firmware/plain.bin"],
    ],
  );
});

test("findFirmware() makes a tree in which every name opens as it does here", async () => {
  const names = ["nvidia/tu116-alias/gr.bin", "plain-link.bin", "outside.bin", "newer.bin"];
  const copy = await mkdtemp(join(tmpdir(), "lifeboat-firmware-copy-"));
  for (const entry of (await find(...names)).entries) {
    await mkdir(dirname(join(copy, entry.path)), { recursive: true });
    if (entry.type === "symlink") await symlink(entry.target, join(copy, entry.path));
    else await writeFile(join(copy, entry.path), await readFile(entry.hostPath));
  }
  for (const name of names) {
    const place = name === "newer.bin" ? `updates/${name}` : name;
    const [here, there] = await Promise.all([root, copy].map((base) => readFile(join(base, "lib/firmware", place), "utf8")));
    assert.equal(there, here, name);
  }
  await rm(copy, { recursive: true });
});

test("findFirmware() finds what a glob means, as the shell does, compressed or not", async () => {
  const { stdout } = await run(["sh", "-c", "ls brcm/*-pcie.bin*"], { cwd: join(root, "lib/firmware") });
  assert.deepEqual(
    paths(await find("brcm/*-pcie.bin")),
    stdout
      .trim()
      .split("\n")
      .map((name) => `lib/firmware/${name}`),
  );
  assert.deepEqual(
    (await find("brcm/[!b]-*.bin")).found.map((one) => one.name),
    ["brcm/a-pcie.bin"],
  );
  assert.deepEqual(
    (await find("br?m/*/c-pcie.bin")).found.map((one) => one.name),
    ["brcm/deep/c-pcie.bin"],
  );
  assert.deepEqual((await find("qcom/*.bin")).missing, ["qcom/*.bin"]);
});

test("findFirmware() does not follow a name out of the firmware directory, and finds nothing where there is none", async () => {
  assert.deepEqual((await find("../../etc/vendor.bin")).missing, ["../../etc/vendor.bin"]);
  const nowhere = await findFirmware(["plain.bin", "*.bin"], { root: join(root, "etc"), release: "6.1" });
  assert.deepEqual(nowhere, { found: [], missing: ["*.bin", "plain.bin"], entries: [] });
});
