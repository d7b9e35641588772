// What is wrong is said in one line before the work, with nothing half-written left behind.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { run } from "#os/exec";
import { lifeboat, makeKernel, makeModule, makeScratch, pathsIn, RELEASE } from "./command-line-for-tests.ts";

const noTools = existsSync("/usr/bin/as") && existsSync("/usr/bin/zstd") ? false : "needs as and zstd";
const noBusybox = existsSync("/bin/busybox") ? noTools : "needs a static /bin/busybox";
const noRoot = process.getuid?.() === 0 ? false : "needs root to mount a tmpfs";

interface Refusal {
  readonly exitCode: number;
  readonly message: RegExp;
  readonly hint: RegExp;
}

/** Runs `lifeboat build ARGS` in a scratch directory; it must refuse and leave input, output and temporary directory as they are. */
async function refuses(root: string, args: readonly string[], expected: Refusal): Promise<void> {
  for (const name of ["out", "tmp"]) await mkdir(join(root, name), { recursive: true });
  const before = await pathsIn(root);
  const words = ["build", "--cache", join(root, "cache"), "--firmware", "none", ...args];
  const result = await lifeboat(args.includes("-o") ? words : [...words, "-o", join(root, "out/rescue.iso")], {
    temporaryDirectory: join(root, "tmp"),
  });
  const [line = "", hint = "", ...more] = result.stderr.trimEnd().split("\n");
  assert.match(line, /^lifeboat: Cannot .* as .*: ./, result.stderr);
  assert.match(line, expected.message);
  assert.match(hint, expected.hint);
  assert.deepEqual([result.exitCode, result.stdout, more], [expected.exitCode, "", []]);
  const after = await pathsIn(root);
  // What is finished may stay in the cache for the next build.
  const isFinished = (path: string) => /^cache(?:\/|$)/.test(path) && !/\.part-|\.unfinished-/.test(path);
  assert.deepEqual(
    after.filter((path) => !isFinished(path) && !before.includes(path)),
    [],
  );
  assert.deepEqual(
    before.filter((path) => !after.includes(path)),
    [],
  );
}

test("nothing that a name holds reaches the terminal as what it could obey", async () => {
  const { exitCode, stderr } = await lifeboat(["verify", "/none/\u001b[2Jgröße\u009b1m"]);
  assert.deepEqual([exitCode, stderr.includes('"/none/\\u001b[2Jgröße\\u009b1m"')], [2, true], stderr);
});

const EMPTY_TREE = { "modules.dep": "" };

test("a kernel that is missing, no kernel or cut short is refused", async () => {
  await using scratch = await makeScratch();
  const root = scratch.path;
  const whole = await readFile(await makeKernel(root, { modules: EMPTY_TREE }));
  const cases: readonly (readonly [name: string, bytes: Uint8Array | undefined, message: RegExp])[] = [
    ["vmlinuz-gone", undefined, /vmlinuz-gone" as it must be a Linux kernel: there is no such file$/],
    ["vmlinuz-text", new TextEncoder().encode("x".repeat(4096)), /must be a bzImage, an Image or zboot: no known magic$/],
    ["vmlinuz-empty", new Uint8Array(0), /no known magic in its 0 bytes$/],
    ["vmlinuz-cut", whole.subarray(0, 0x400), /"kernel_version" must lie inside it/],
    [
      "vmlinuz-half",
      whole.subarray(0, 0xc00),
      /"setup_sects" and "syssize" must lie inside it: they ask for 4096 bytes, the file has 3072$/,
    ],
    ["vmlinuz-byte", whole.subarray(0, -1), /they ask for 4096 bytes, the file has 4095$/],
  ];
  for (const [name, bytes, message] of cases) {
    if (bytes !== undefined) await writeFile(join(root, "boot", name), bytes);
    await refuses(root, ["-k", join(root, "boot", name)], { exitCode: 3, message, hint: /./ });
  }
  await refuses(root, ["-k", join(root, "boot")], {
    exitCode: 3,
    message: /boot" as it must be a Linux kernel: it is a directory$/,
    hint: /./,
  });
});

test("modules of another release than the kernel are refused", async () => {
  await using scratch = await makeScratch();
  const image = await makeKernel(scratch.path, { told: "6.9.9-other", modules: EMPTY_TREE });
  const message = /Cannot use kernel 6\.9\.9-other as its modules must be there: .* has no modules of kernel 6\.9\.9-other$/;
  await refuses(scratch.path, ["-k", image], { exitCode: 3, message, hint: /--kernel failsafe|--kernel \d/ });
});

test("a module of another release in the directory of the right name is refused, but not a weak update", { skip: noBusybox }, async () => {
  await using scratch = await makeScratch();
  const root = scratch.path;
  const own = await makeModule(root, "license=GPL", `vermagic=${RELEASE} SMP mod_unload `);
  const other = await makeModule(root, "license=GPL", `vermagic=${RELEASE}-2 SMP mod_unload `);
  const modulesOf = (dep: string) => ({ "modules.dep": `kernel/a.ko:\n${dep}:\n`, "kernel/a.ko": own, [dep]: other });
  const message = new RegExp(`Cannot take module "/.*/kernel/b\\.ko" as it must be built for kernel ${RELEASE}: it is for ${RELEASE}-2$`);
  const image = await makeKernel(root, { modules: modulesOf("kernel/b.ko") });
  await refuses(root, ["-k", image], { exitCode: 3, message, hint: /Install the kernel's modules again/ });
  await makeKernel(root, { modules: modulesOf("weak-updates/b.ko") });
  const kept = await lifeboat(["explain", "b", "-k", image, "--cache", join(root, "cache"), "--firmware", "none"]);
  assert.match(kept.stdout, /^module b is in the tools layer/);
});

test("a module tree that depmod has not seen is refused", async () => {
  await using scratch = await makeScratch();
  const image = await makeKernel(scratch.path, { modules: { "modules.order": "" } });
  const message = new RegExp(`/lib/modules/${RELEASE}" as depmod must have listed them: .* has no modules\\.dep$`);
  await refuses(scratch.path, ["-k", image], { exitCode: 3, message, hint: new RegExp(`^  Run: depmod ${RELEASE}$`) });
});

test("a modules.dep that depmod did not write is refused by file and line", { skip: noBusybox }, async () => {
  await using scratch = await makeScratch();
  const image = await makeKernel(scratch.path, { modules: { "modules.dep": "kernel/a.ko:\nno colon here\n" } });
  const message = new RegExp(`Cannot read line 2 of "/.*/lib/modules/${RELEASE}/modules\\.dep" as .*: "no colon here"$`);
  await refuses(scratch.path, ["-k", image], { exitCode: 3, message, hint: new RegExp(`^  Run: depmod ${RELEASE}$`) });
});

test("a module that modules.dep names and is not there is refused", { skip: noBusybox }, async () => {
  await using scratch = await makeScratch();
  const image = await makeKernel(scratch.path, { modules: { "modules.dep": "kernel/gone.ko:\n" } });
  const message = /Cannot read module "gone" as modules\.dep names it: "\/.*\/kernel\/gone\.ko" is not there$/;
  await refuses(scratch.path, ["-k", image], { exitCode: 3, message, hint: /Run depmod/ });
});

test("a truncated .ko is refused by its path, plain and compressed", { skip: noBusybox }, async () => {
  await using scratch = await makeScratch();
  const root = scratch.path;
  const whole = await makeModule(root, "license=GPL", "firmware=a.bin");
  for (const length of [0, 40, whole.length - 1]) {
    const modules = { "modules.dep": "kernel/cut.ko:\n", "kernel/cut.ko": whole.subarray(0, length) };
    const message = /Cannot read module "\/.*\/lib\/modules\/.*\/kernel\/cut\.ko" as /;
    await refuses(root, ["-k", await makeKernel(root, { modules })], { exitCode: 3, message, hint: /Install the kernel's package again/ });
  }
  await writeFile(join(root, "whole.ko"), whole);
  await run(["zstd", "-q", join(root, "whole.ko")]);
  const packed = (await readFile(join(root, "whole.ko.zst"))).subarray(0, 60);
  const image = await makeKernel(root, { modules: { "modules.dep": "kernel/cut.ko.zst:\n", "kernel/cut.ko.zst": packed } });
  const message = /Cannot unpack the modules in "\/.*" as each must be whole: .*\/kernel\/cut\.ko\.zst/;
  await refuses(root, ["-k", image], { exitCode: 3, message, hint: /Install the kernel's package again/ });
});

test("a signed .ko that lost its last bytes is refused where modules are signed", { skip: noBusybox }, async () => {
  await using scratch = await makeScratch();
  const root = scratch.path;
  const ko = await makeModule(root, "license=GPL");
  const info = Uint8Array.of(0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 30);
  const signed = Buffer.concat([ko, Buffer.alloc(30, 7), info, Buffer.from("~Module signature appended~\n")]);
  const modules = { "modules.dep": "kernel/a.ko:\nkernel/b.ko:\n", "kernel/a.ko": signed, "kernel/b.ko": signed.subarray(0, -1) };
  const message = /Cannot read module "\/.*\/kernel\/b\.ko" as its signature must be whole: the end of the file is missing$/;
  const image = await makeKernel(root, { modules });
  await refuses(root, ["-k", image], { exitCode: 3, message, hint: /Install the kernel's package again/ });
  await makeKernel(root, { modules: { ...modules, "kernel/a.ko": ko } });
  const unsigned = await lifeboat(["explain", "b", "-k", image, "--cache", join(root, "cache"), "--firmware", "none"]);
  assert.match(unsigned.stdout, /^module b is in the tools layer/);
});

test("options that name modules which are not there, or contradict each other, are refused", { skip: noBusybox }, async () => {
  await using scratch = await makeScratch();
  const root = scratch.path;
  const ko = await makeModule(root, "license=GPL");
  const image = await makeKernel(root, { modules: { "modules.dep": "kernel/a.ko:\n", "kernel/a.ko": ko } });
  const forced = /Cannot take module "b" as it must be one of this kernel's: no module, alias or built-in has that name$/;
  await refuses(root, ["-k", image, "--force-module", "b"], { exitCode: 3, message: forced, hint: /./ });
  for (const [name, state] of [
    ["b", "no module, alias or built-in has that name"],
    ["a,b", "of several, each takes an option of its own"],
  ] as const) {
    const denied = new RegExp(`Cannot leave out module "${name}" as it must be one of this kernel's: ${state}$`);
    await refuses(root, ["-k", image, "--deny-module", name], { exitCode: 3, message: denied, hint: /./ });
  }
  const both = /Cannot take module "a" as nothing that it needs may be denied: denied by option$/;
  await refuses(root, ["-k", image, "--force-module", "a", "--deny-module", "a"], { exitCode: 3, message: both, hint: /./ });
});

test("modules without which no image takes in its tools cannot be left out", { skip: noBusybox }, async () => {
  await using scratch = await makeScratch();
  const root = scratch.path;
  const ko = await makeModule(root, "license=GPL");
  const paths = ["drivers/block/loop.ko", "fs/overlayfs/overlay.ko", "fs/squashfs/squashfs.ko", "lib/codec.ko", "drivers/scsi/sr_mod.ko"];
  const files = Object.fromEntries(paths.map((path) => [`kernel/${path}`, ko]));
  const dep = paths.map((path) => `kernel/${path}:${path.includes("squashfs") ? " kernel/lib/codec.ko" : ""}\n`).join("");
  const image = await makeKernel(root, { modules: { ...files, "modules.dep": dep } });
  const cases = [
    ["loop", /Cannot leave out module "loop" as without it the tools layer cannot be mounted: denied by option$/],
    ["overlay", /Cannot leave out module "overlay" as without it the tools layer cannot be taken in: denied by option$/],
    ["codec", /Cannot leave out module "squashfs" as without it .*: squashfs needs codec; denied by option$/],
  ] as const;
  for (const [name, message] of cases) {
    await refuses(root, ["-k", image, "--deny-module", name], { exitCode: 2, message, hint: /Take it back from --deny-module/ });
  }
  // This one says no more than that CDs will not be seen.
  const zstd = ["--deny-module", "sr_mod", "--compression", "zstd"];
  await refuses(root, ["-k", image, ...zstd], { exitCode: 3, message: /Cannot compress the image with zstd/, hint: /./ });
});

test("an ELF program with lying lengths is refused", { skip: noBusybox }, async () => {
  await using scratch = await makeScratch();
  const root = scratch.path;
  const image = await makeKernel(root, { modules: EMPTY_TREE });
  const busybox = await readFile("/bin/busybox");
  const lies: readonly (readonly [field: string, at: number, bytes: readonly number[]])[] = [
    ["e_phoff", 32, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]],
    ["e_phnum", 56, [0xff, 0x7f]],
  ];
  for (const [field, at, bytesOfLie] of lies) {
    const bytes = Uint8Array.from(busybox);
    bytes.set(bytesOfLie, at);
    const program = join(root, `busybox-${field}`);
    await writeFile(program, bytes, { mode: 0o755 });
    await refuses(root, ["-k", image, "--busybox", program], {
      exitCode: 3,
      message: new RegExp(`Cannot .*busybox-${field}" as `),
      hint: /^/,
    });
  }
});

test("an output that exists is kept unless --force is given, and a device is never written", async () => {
  await using scratch = await makeScratch();
  const root = scratch.path;
  const image = await makeKernel(root, { modules: EMPTY_TREE });
  const output = join(root, "rescue.iso");
  await writeFile(output, "mine");
  const kept = /rescue\.iso" as nothing is overwritten without being told: it exists$/;
  await refuses(root, ["-k", image, "-o", output], { exitCode: 3, message: kept, hint: /--force/ });
  assert.equal(await readFile(output, "utf8"), "mine");
  for (const [name, target] of [
    ["to-file.iso", "rescue.iso"],
    ["dangling.iso", "nowhere"],
  ] as const)
    await symlink(target, join(root, name));
  const cases: readonly (readonly [args: readonly string[], message: RegExp])[] = [
    [["-o", join(root, "to-file.iso"), "--force"], /to-file\.iso" as the output is a file: it is a symbolic link to "rescue\.iso"$/],
    [["-o", join(root, "dangling.iso")], /dangling\.iso" as the output is a file: it is a symbolic link to "nowhere"$/],
    [
      ["-o", join(root, "dangling.iso"), "--format", "pxe"],
      /dangling\.iso" as the output is a directory: it is a symbolic link to "nowhere"$/,
    ],
    [["-o", "/dev/null", "--force"], /"\/dev\/null" as the output is a file: it is a character device$/],
    [["-o", join(root, "boot"), "--force"], /boot" as the output is a file: it is a directory$/],
    [["-o", output, "--format", "pxe", "--force"], /rescue\.iso" as the output is a directory: it is a file$/],
    [["-o", join(root, "boot"), "--format", "pxe"], /boot" as nothing is overwritten without being told: it exists$/],
    [["-o", join(root, "no/rescue.iso")], /as its directory must be there: ".*\/no" is not there$/],
    [["-o", join(output, "rescue.iso")], /as its directory must be there: ".*rescue\.iso" is a file$/],
  ];
  for (const [args, message] of cases) await refuses(root, ["-k", image, ...args], { exitCode: 3, message, hint: /./ });
});

test("an output that has no room is refused before the work", { skip: noRoot }, async () => {
  await using scratch = await makeScratch();
  const root = scratch.path;
  const small = join(root, "small");
  await mkdir(small);
  await run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", small]);
  try {
    const image = await makeKernel(root, { modules: EMPTY_TREE });
    const message = /Cannot write into ".*\/small" as the output needs \d+ MiB: 1 MiB are free$/;
    await refuses(root, ["-k", image, "-o", join(small, "rescue.iso")], { exitCode: 3, message, hint: /another place/ });
  } finally {
    await run(["umount", small]);
  }
});

test("a config file with an unknown key is refused by file and line", async () => {
  await using scratch = await makeScratch();
  const config = join(scratch.path, "lifeboat.toml");
  await writeFile(config, '# ours\nsmall = true\n\nkernal = "failsafe"\n');
  const message = /lifeboat\.toml:4" as its keys must be names of options: there is no option "kernal"$/;
  await refuses(scratch.path, ["--config", config], { exitCode: 2, message, hint: /Did you mean "kernel"\?/ });
});

test("what the boot menu, the medium's URL and the dates cannot be is refused before any work", async () => {
  await using scratch = await makeScratch();
  const root = scratch.path;
  const cases: readonly (readonly [args: readonly string[], message: RegExp])[] = [
    [["--timeout", "3600"], /as the time limit is 0 to 3599 whole seconds: 3600$/],
    [["--console", "ttyS0 nuke"], /as a console is named like ttyS0,115200n8: "ttyS0 nuke"$/],
    [["--append", 'a="b"'], /as kernel words are one line of ASCII/],
    [["--append", "debug nuke"], /as modes are chosen by their label/],
    ...["iso", "usb", "pxe"].map((format) => [["--format", format, "--medium", "smb://a/b"], /"smb:\/\/a\/b"/] as const),
    [["--format", "pxe", "--medium", "usb:/dev/sda"], /as its URL is http, https, tftp or nfs/],
    [["--append", "password=sesame"], /as its boot words must carry no secrets: one holds a password$/],
    [["--format", "pxe", "--medium", "http://ann:sesame@server/"], /as its boot words must carry no secrets/],
    [["--room", "10"], /Cannot leave room on the medium as only a USB image is written to later: --format is iso$/],
    [["--format", "usb", "--room", "70000"], /as --room may be 64512 at most: 70000$/],
    [["--kernel", ""], /Cannot use --kernel as its value must name something: it is empty$/],
    [["--cache", ""], /Cannot use --cache as /],
    [["--busybox", ""], /Cannot use --busybox as /],
    [["--failsafe-kernel", ""], /Cannot use --failsafe-kernel as /],
    [["-o", ""], /Cannot use --output as /],
    [["--config", ""], /Cannot use --config as /],
    [["--kernel", "vmlinuz"], /Cannot look for the kernel "vmlinuz" as it must be running, failsafe, a version or a path with a slash/],
  ];
  for (const [args, message] of cases) {
    // A kernel that is not there would be named if any work had begun.
    const kernel = args[0] === "--kernel" ? [] : ["-k", join(root, "gone")];
    const { exitCode, stdout, stderr } = await lifeboat(["build", ...kernel, ...args], { cwd: root });
    assert.deepEqual([exitCode, stdout], [2, ""], `${args.join(" ")}\n${stderr}`);
    assert.match(stderr.split("\n")[0] ?? "", message);
  }
  const hint = await lifeboat(["findkernel", "--kernel", "vmlinuz"]);
  assert.equal(hint.stderr.split("\n")[1], "  Write ./vmlinuz for a file");
  for (const date of ["1", "315532799", "4294967296", "99999999999999", "today", "-1"]) {
    const { exitCode, stderr } = await lifeboat(["build", "-k", join(root, "gone")], { cwd: root, env: { SOURCE_DATE_EPOCH: date } });
    assert.equal(exitCode, 2, date);
    assert.match(stderr, /SOURCE_DATE_EPOCH.*\n {2}Give .* or leave it unset\n$/);
  }
  assert.deepEqual(await pathsIn(root), []);
});

test("a cache that cannot be used is refused with the way to another", { skip: noBusybox }, async () => {
  await using scratch = await makeScratch();
  const root = scratch.path;
  const image = await makeKernel(root, { modules: EMPTY_TREE });
  await writeFile(join(root, "file"), "no directory");
  for (const cache of ["file", "file/below"]) {
    const { exitCode, stderr } = await lifeboat(["explain", "nvme", "-k", image, "--cache", cache], { cwd: root });
    assert.equal(exitCode, 3);
    assert.match(stderr, /^lifeboat: Cannot .*\/file.*\n {2}Give another cache with --cache DIR\n$/);
  }
});

test("a circle of symbolic links is said in words", async () => {
  await using scratch = await makeScratch();
  await symlink("ring", join(scratch.path, "ring"));
  const { exitCode, stderr } = await lifeboat(["findkernel", "-k", "./ring"], { cwd: scratch.path });
  assert.equal(exitCode, 3);
  assert.match(stderr, /ring" as the system allows: its symbolic links lead in a circle/);
});
