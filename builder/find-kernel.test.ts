import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { LifeboatError } from "#os/error";
import { run } from "#os/exec";
import { findKernel, kernelSystem, parseKernelRequest, type KernelSystem } from "./find-kernel.ts";
import { compareReleases } from "./kernel-files.ts";

const top = await mkdtemp(join(tmpdir(), "lifeboat-kernel-"));
after(() => rm(top, { recursive: true }));

/** The part of a bzImage that tells its version (Linux Documentation/arch/x86/boot.rst). */
function bzImage(release: string): Uint8Array {
  const bytes = new Uint8Array(0x1000);
  bytes.set(new TextEncoder().encode("HdrS"), 0x202);
  bytes.set([0x00, 0x06], 0x20e);
  bytes.set(new TextEncoder().encode(`${release} (build@host) #1 SMP\0`), 0x800);
  return bytes;
}

interface TreeRecipe {
  /** Images by path; the content is the release that the image tells, or its bytes. */
  readonly images?: Readonly<Record<string, string | Uint8Array>>;
  /** Releases with a module tree that depmod has seen. */
  readonly modules?: readonly string[];
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  readonly running?: string;
}

let trees = 0;

async function makeTree({ images = {}, modules = [], files = {}, running }: TreeRecipe): Promise<KernelSystem> {
  const root = join(top, `tree-${(trees += 1)}`);
  const all: Record<string, string | Uint8Array> = { ...files };
  for (const [path, image] of Object.entries(images)) all[path] = typeof image === "string" ? bzImage(image) : image;
  for (const release of modules) all[`lib/modules/${release}/modules.dep`] = "";
  await mkdir(root);
  for (const [path, content] of Object.entries(all)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
  return { root, runningRelease: running, failsafeKernel: async () => failsafe(root) };
}

async function failsafe(root: string) {
  const tree = join(root, "failsafe");
  await mkdir(join(tree, "boot"), { recursive: true });
  await mkdir(join(tree, "lib/modules/9.9"), { recursive: true });
  await writeFile(join(tree, "boot/vmlinuz-9.9"), bzImage("9.9"));
  await writeFile(join(tree, "boot/config-9.9"), "CONFIG_SQUASHFS=m\n");
  await writeFile(join(tree, "lib/modules/9.9/modules.dep"), "");
  return {
    root: tree,
    kernelPath: join(tree, "boot/vmlinuz-9.9"),
    release: "9.9",
    moduleDirectory: join(tree, "lib/modules/9.9"),
    origin: "test",
  };
}

/** Path below the tree, release, provenance. */
async function found(word: string | undefined, system: KernelSystem): Promise<readonly string[]> {
  const request = parseKernelRequest(word);
  const kernel = await findKernel(request.kind === "path" ? { ...request, path: join(system.root, request.path) } : request, system);
  return [kernel.kernelPath.slice(system.root.length + 1), kernel.release, kernel.provenance];
}

async function refusal(word: string | undefined, system: KernelSystem): Promise<string> {
  const error: unknown = await found(word, system).catch((thrown: unknown) => thrown);
  assert.ok(error instanceof LifeboatError, `no refusal of ${word}: ${String(error)}`);
  assert.equal(error.exitCode, 3);
  return `${error.message} | ${error.hint}`.split(`${system.root}/`).join("/");
}

test("parseKernelRequest() tells words, paths and versions apart", () => {
  const cases: readonly (readonly [string | undefined, unknown])[] = [
    [undefined, { kind: "default" }],
    ["running", { kind: "running" }],
    ["FAILSAFE", { kind: "failsafe" }],
    ["./vmlinuz", { kind: "path", path: "./vmlinuz" }],
    ["6.1.0-56-amd64", { kind: "version", release: "6.1.0-56-amd64" }],
  ];
  for (const [word, expected] of cases) assert.deepEqual(parseKernelRequest(word), expected);
  assert.throws(() => parseKernelRequest("vmlinuz"), { exitCode: 2, hint: "Write ./vmlinuz for a file" });
  assert.throws(() => parseKernelRequest(""), { exitCode: 2 });
});

test("findKernel() finds the running kernel where each family of distributions keeps it", async () => {
  const cases: readonly (readonly [osRelease: string, path: string])[] = [
    ["ID=debian", "boot/vmlinuz-6.1"],
    ['ID=rocky\nID_LIKE="rhel fedora"', "boot/0123abcd/6.1/linux"],
    ["ID=arch", "usr/lib/modules/6.1/vmlinuz"],
    ["ID=arch", "boot/vmlinuz-linux"],
    ["ID=alpine", "boot/vmlinuz-lts"],
    ["ID=gentoo", "boot/kernel-6.1"],
    ["ID=opensuse-leap", "boot/Image-6.1"],
    ["ID=unheard-of", "boot/vmlinuz"],
    ["", "boot/efi/0123abcd/6.1/linux"],
  ];
  for (const [osRelease, path] of cases) {
    const files = { "etc/os-release": osRelease, "etc/machine-id": "0123abcd\n" };
    const system = await makeTree({ images: { [path]: "6.1" }, modules: ["6.1"], files, running: "6.1" });
    assert.deepEqual(await found(undefined, system), [path, "6.1", "the running kernel"], path);
  }
});

test("findKernel() reads the configuration beside the image, in the module tree, and for the running kernel in /proc", async () => {
  const cases: readonly (readonly [string, string | Uint8Array])[] = [
    ["boot/config-6.1", "CONFIG_A=y\n"],
    ["lib/modules/6.1/config", "CONFIG_A=y\n"],
    ["proc/config.gz", gzipSync("CONFIG_A=y\n")],
  ];
  for (const [path, content] of cases) {
    const recipe = { images: { "boot/vmlinuz-6.1": "6.1" }, modules: ["6.1"], files: { [path]: content } };
    const running = await makeTree({ ...recipe, running: "6.1" });
    const kernel = await findKernel({ kind: "running" }, running);
    assert.deepEqual([kernel.configPath, kernel.config?.states.get("CONFIG_A")], [join(running.root, path), "y"]);
    const other = await findKernel({ kind: "version", release: "6.1" }, await makeTree({ ...recipe, running: "6.2" }));
    assert.equal(other.config === undefined, path === "proc/config.gz", path);
  }
});

test("findKernel() takes the newest kernel with modules when those of the running one are gone, and says so", async () => {
  const system = await makeTree({
    images: { "boot/vmlinuz-6.1.0-9": "6.1.0-9", "boot/vmlinuz-6.1.0-10": "6.1.0-10", "boot/vmlinuz-6.1.0-8": "6.1.0-8" },
    modules: ["6.1.0-9", "6.1.0-10"],
    running: "6.1.0-8",
  });
  const [path, release, provenance] = await found(undefined, system);
  assert.deepEqual([path, release], ["boot/vmlinuz-6.1.0-10", "6.1.0-10"]);
  const why = `the modules of the running kernel 6.1.0-8 are gone from "${system.root}/lib/modules", as after an upgrade without a restart`;
  assert.equal(provenance, `the newest installed kernel with its modules, as ${why}`);
  assert.equal((await findKernel({ kind: "default" }, system)).standIn, true);
  assert.equal(
    await refusal("running", system),
    'Cannot use kernel 6.1.0-8 as its modules must be there: the modules of the running kernel 6.1.0-8 are gone from "/lib/modules", as after an upgrade without a restart | Restart into 6.1.0-10, or build with --kernel 6.1.0-10',
  );
});

test("findKernel() falls back to the failsafe kernel only when none was asked for, and says so", async () => {
  const bare = await makeTree({ running: "6.18.44" });
  const kernel = await findKernel({ kind: "default" }, bare);
  assert.deepEqual([kernel.release, kernel.standIn, kernel.config?.states.get("CONFIG_SQUASHFS")], ["9.9", true, "m"]);
  const why = `"${bare.root}/lib/modules" has no modules of the running kernel 6.18.44, nor is its image in "${bare.root}/boot"`;
  assert.equal(kernel.provenance, `the failsafe kernel (test), as ${why}`);
  assert.match(await refusal("running", bare), /^Cannot use kernel 6\.18\.44 as its modules must be there: .* \| .*--kernel failsafe$/);
  const full = await makeTree({ images: { "boot/vmlinuz-6.1": "6.1" }, modules: ["6.1"], running: "6.1" });
  const asked = await findKernel({ kind: "failsafe" }, full);
  assert.deepEqual([asked.provenance, asked.standIn], ["the failsafe kernel (test), asked for", false]);
  const imageless = await makeTree({ modules: ["6.1"], running: "6.1" });
  assert.match((await found(undefined, imageless))[2] ?? "", /^the failsafe kernel \(test\), as no image of kernel 6\.1 is in ".*boot"/);
});

test("findKernel() takes a path with the modules of that image's own tree", async () => {
  const system = await makeTree({
    images: { "mnt/boot/vmlinuz-5.10": "5.10", "img/usr/lib/modules/6.6/vmlinuz": "6.6", "boot/vmlinuz-6.1": "6.1" },
    modules: ["6.1"],
    files: {
      "mnt/lib/modules/5.10/modules.dep": "",
      "img/usr/lib/modules/6.6/modules.dep": "",
      "img/usr/lib/modules/6.6/config": "CONFIG_B=y\n",
    },
  });
  for (const [path, release, modules] of [
    ["/mnt/boot/vmlinuz-5.10", "5.10", "mnt/lib/modules/5.10"],
    ["/img/usr/lib/modules/6.6/vmlinuz", "6.6", "img/usr/lib/modules/6.6"],
    ["/boot/vmlinuz-6.1", "6.1", "lib/modules/6.1"],
  ] as const) {
    const kernel = await findKernel({ kind: "path", path: join(system.root, path) }, system);
    assert.deepEqual(
      [kernel.release, kernel.moduleDirectory, kernel.provenance],
      [release, join(system.root, modules), "the kernel asked for by path"],
    );
  }
});

test("findKernel() refuses what does not belong together or is no kernel", async () => {
  const short = new Uint8Array(0x300);
  short.set(new TextEncoder().encode("HdrS"), 0x202);
  short.set([0xff, 0xff], 0x20e);
  const system = await makeTree({
    images: {
      "boot/vmlinuz-6.1": "6.2",
      "boot/vmlinuz-6.3": "6.3",
      "boot/vmlinuz-6.4": "6.4",
      "boot/short": short,
      "boot/empty": new Uint8Array(0),
      "boot/text": new TextEncoder().encode("x".repeat(4096)),
      "boot/gzip": gzipSync("x".repeat(4096)).subarray(0, 20),
      "boot/zboot": new TextEncoder().encode(`MZ\0\0zimg${"\0".repeat(56)}`),
    },
    modules: ["6.1"],
    files: { "lib/modules/6.4/modules.order": "" },
    running: "6.3",
  });
  const cases: readonly (readonly [string, string])[] = [
    ["6.1", 'Cannot use "/boot/vmlinuz-6.1" as image and modules must be of one release: the image is 6.2, wanted is 6.1 |'],
    [
      "/boot/vmlinuz-6.3",
      'Cannot use kernel 6.3 as its modules must be there: the modules of the running kernel 6.3 are gone from "/lib/modules"',
    ],
    [
      "/boot/vmlinuz-6.1",
      'Cannot use kernel 6.2 as its modules must be there: "/lib/modules" has no modules of kernel 6.2 | Build with --kernel 6.1',
    ],
    [
      "6.4",
      'Cannot use the modules in "/lib/modules/6.4" as depmod must have listed them: "/lib/modules/6.4" has no modules.dep | Run: depmod 6.4',
    ],
    ["/boot/short", 'Cannot read the kernel "/boot/short" as "kernel_version" must lie inside it'],
    ["/boot/empty", 'Cannot read the kernel "/boot/empty" as it must be a bzImage, an Image or zboot: no known magic in its 0 bytes |'],
    ["/boot/text", 'Cannot read the kernel "/boot/text" as it must be a bzImage, an Image or zboot: no known magic |'],
    ["/boot/gzip", 'Cannot unpack "/boot/gzip" as it begins like gzip: the rest is damaged |'],
    ["/boot/zboot", 'Cannot use "/boot/zboot" as its release must be known: neither the image nor the file\'s name tells it |'],
    ["/boot/absent", 'Cannot use "/boot/absent" as it must be a Linux kernel: there is no such file |'],
    ["/boot", "as it must be a Linux kernel: it is a directory | Name the file itself"],
  ];
  for (const [word, expected] of cases) {
    const message = await refusal(word, system);
    assert.ok(message.includes(expected), `${word}: ${message}`);
  }
});

test("findKernel() follows the links that distributions make for the newest kernel", async () => {
  const system = await makeTree({ images: { "boot/vmlinuz-6.1": "6.1" }, modules: ["6.1"] });
  await symlink("boot/vmlinuz-6.1", join(system.root, "vmlinuz"));
  assert.deepEqual((await found("/vmlinuz", system)).slice(1), ["6.1", "the kernel asked for by path"]);
});

test("kernelSystem() knows the running release of this machine, and of no other tree", async () => {
  const never = (): never => assert.fail("not asked for");
  assert.equal((await kernelSystem(never)).runningRelease, (await run(["uname", "-r"])).stdout.trim());
  assert.equal((await kernelSystem(never, top)).runningRelease, undefined);
});

test("compareReleases() orders as people and `sort -V` do, candidates before what they become", async () => {
  const sorted = ["5.10.0-9-amd64", "6.1.0-9-amd64", "6.1.0-10-amd64", "6.1.192", "6.6-rc3", "6.6", "6.18.44"];
  assert.deepEqual(sorted.toReversed().sort(compareReleases), sorted);
  const version = fc.array(fc.nat(300), { minLength: 3, maxLength: 3 }).map((parts) => parts.join("."));
  const versions = fc.sample(version, 40);
  const { stdout } = await run(["sort", "-V"], { input: `${versions.join("\n")}\n` });
  assert.deepEqual(versions.sort(compareReleases), stdout.trim().split("\n"));
});
