import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { run } from "#os/exec";
import { failsafeKernel } from "./failsafe-kernel.ts";
import { checkKernelConfig } from "./check-kernel-config.ts";
import { findKernel } from "./find-kernel.ts";
import { makeLocalApt } from "./local-apt.ts";
import { defaultCacheDirectory } from "./package-cache.ts";

const root = await mkdtemp(join(tmpdir(), "lifeboat-failsafe-"));
after(() => rm(root, { recursive: true }));

async function works(...command: readonly [string, ...string[]]): Promise<boolean> {
  return run(command, { cwd: root }).then(
    () => true,
    () => false,
  );
}

const tools = (await works("apt-get", "--version")) && (await works("depmod", "--version"));
const skip = tools ? false : "there is no apt-get or no depmod on this machine";
const metapackage = `linux-image-${tools ? (await run(["dpkg", "--print-architecture"])).stdout.trim() : "amd64"}`;
const image = "linux-image-9.8.0-1-amd64";
const files = {
  "boot/vmlinuz-9.8.0-1-amd64": "kernel",
  "boot/config-9.8.0-1-amd64": "CONFIG_DEVTMPFS=y\n",
  "lib/modules/9.8.0-1-amd64/modules.builtin": "kernel/fs/ext4/ext4.ko\n",
  "lib/modules/9.8.0-1-amd64/modules.order": "",
};

test(
  "failsafeKernel() fetches the kernel that the metapackage depends on, runs depmod, and works from the cache alone",
  { skip },
  async () => {
    await mkdir(join(root, "apt"));
    const local = await makeLocalApt(join(root, "apt"));
    await local.add({ name: metapackage, version: "9.8.5-1", depends: `${image} (= 9.8.5-1)`, files: {} });
    await local.add({ name: image, version: "9.8.5-1", files });
    await local.update();
    const cacheDirectory = join(root, "cache");
    const kernel = await failsafeKernel({ cacheDirectory, apt: local });
    const tree = join(cacheDirectory, "packages", image, "9.8.5-1");
    assert.deepEqual(kernel, {
      root: tree,
      kernelPath: join(tree, "boot/vmlinuz-9.8.0-1-amd64"),
      release: "9.8.0-1-amd64",
      moduleDirectory: join(tree, "lib/modules/9.8.0-1-amd64"),
      origin: `${image}/9.8.5-1`,
    });
    assert.ok(existsSync(join(kernel.moduleDirectory, "modules.dep")));
    assert.ok(existsSync(join(kernel.moduleDirectory, "modules.alias")));
    // The same directory, written in another way.
    const detour = `${root}/./other/../cache/`;
    assert.equal((await failsafeKernel({ cacheDirectory: detour, apt: local })).origin, `${image}/9.8.5-1`);
    const nothing = { lists: join(root, "no-lists"), env: { PATH: join(root, "no-apt") } };
    assert.deepEqual(await failsafeKernel({ cacheDirectory, apt: nothing }), kernel);
    await assert.rejects(failsafeKernel({ cacheDirectory: join(root, "other-cache"), apt: nothing }), {
      message: `Cannot fetch "${metapackage}" as apt must be there: no apt on this machine`,
      hint: /--failsafe-kernel FILE$/,
      exitCode: 3,
    });
  },
);

test("failsafeKernel() takes a package given, with modules in /usr/lib too, and refuses one that is none", { skip }, async () => {
  await mkdir(join(root, "given"));
  const local = await makeLocalApt(join(root, "given"));
  const merged = Object.fromEntries(Object.entries(files).map(([path, content]) => [path.replace(/^lib/, "usr/lib"), content]));
  const cacheDirectory = join(root, "given-cache");
  for (const [name, content, modules] of [
    ["plain", files, "lib/modules"],
    ["merged", merged, "usr/lib/modules"],
  ] as const) {
    const deb = await local.add({ name, version: "1", files: content });
    const kernel = await failsafeKernel({ cacheDirectory, deb, apt: { env: { PATH: "/nonexistent" } } });
    assert.equal(kernel.moduleDirectory, join(kernel.root, modules, "9.8.0-1-amd64"));
    assert.equal(kernel.origin, deb);
    assert.ok(existsSync(join(kernel.moduleDirectory, "modules.dep")));
  }
  const { ["boot/vmlinuz-9.8.0-1-amd64"]: _, ...headless } = files;
  const cases: readonly (readonly [string, RegExp])[] = [
    [
      await local.add({ name: "headless", version: "1", files: headless }),
      /in ".*\/headless_1_all\.deb" as it must have boot\/vmlinuz-RELEASE and its modules/,
    ],
    [process.execPath, /^Cannot unpack ".*" as it must be a Debian package/],
    [join(root, "absent.deb"), /^Cannot read ".*absent\.deb"/],
  ];
  for (const [deb, message] of cases) await assert.rejects(failsafeKernel({ cacheDirectory, deb }), { name: "LifeboatError", message });
  assert.equal((await readdir(join(cacheDirectory, "packages/given"))).length, 2);
});

const cacheDirectory = defaultCacheDirectory();
const reachable =
  existsSync(join(cacheDirectory, "packages/failsafe-kernel.current")) || (await works("apt-get", "download", "--quiet=2", metapackage));

test(
  "findKernel() finds Debian's real kernel as the failsafe one, with release, modules and a config that has what we need",
  { skip: skip === false && !reachable ? `the cache has no kernel and apt cannot download ${metapackage}` : skip },
  async () => {
    const system = { root, runningRelease: undefined, failsafeKernel: () => failsafeKernel({ cacheDirectory }) };
    const kernel = await findKernel({ kind: "default" }, system);
    assert.match(kernel.release, /^\d+\.\d+\.\d+.*-\d+/);
    assert.match(kernel.provenance, /^the failsafe kernel \(linux-image-.*\), as no kernel runs in this tree$/);
    assert.equal(kernel.standIn, true);
    const told = await run(["file", "--brief", kernel.kernelPath]).catch(() => undefined);
    if (told !== undefined && told.stdout.includes("version")) assert.match(told.stdout, new RegExp(`version ${kernel.release} `));
    assert.ok(kernel.config !== undefined);
    const modules = (await run(["sh", "-c", `find ${kernel.moduleDirectory} -name '*.ko*' -printf '%f\\n'`])).stdout
      .split("\n")
      .map((name) => name.replace(/\.ko.*/, "").replace(/-/g, "_"));
    assert.deepEqual(checkKernelConfig(kernel.config, new Set(modules)).findings, []);
  },
);
