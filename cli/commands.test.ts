import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { run } from "#os/exec";
import { gapLines, nukeLines } from "./build-report.ts";
import { lifeboat, makeCheckout, makeKernel, makeModule, makeScratch, RELEASE } from "./command-line-for-tests.ts";
import { COMMANDS } from "./commands.ts";

const noBuild = existsSync("/usr/bin/as") && existsSync("/bin/busybox") ? false : "needs as and a static /bin/busybox";

test("every command has help with an example that begins with its own name", async () => {
  for (const { name, examples, hidden } of COMMANDS) {
    assert.ok(examples.length > 0, name);
    if (hidden !== true) for (const { command } of examples) assert.ok(command.startsWith(`lifeboat ${name}`), command);
  }
  const { exitCode, stdout } = await lifeboat(["explain", "--help"]);
  assert.equal(exitCode, 0);
  assert.match(stdout, /Usage: lifeboat explain \[options\] <NAME>[^]*--deny-module <NAME>[^]*Examples:\n {2}\$ lifeboat explain nvme\n/);
});

test("a command line that cannot be read is told like every error, with the nearest name, and exits with 2", async () => {
  const cases: readonly (readonly [words: string, rule: string, state: string, hint: string])[] = [
    ["bild", "it must begin with a command of Lifeboat", "unknown command 'bild'", "Did you mean build?"],
    ["build --forse", "options must be the command's own", "unknown option '--forse'", "Did you mean --force?"],
    ["explain", "all that the command needs must be there", "missing required argument 'NAME'", "See lifeboat explain --help"],
    [
      "explain a b",
      "there must be nothing more than the command takes",
      "too many arguments for 'explain'. Expected 1 argument but got 2: a, b",
      "See lifeboat explain --help",
    ],
    ["build -o", "an option's value must follow it", "option '-o, --output <FILE>' argument missing", "See lifeboat build --help"],
    [
      "build --timeout x",
      "a value must be of the option's kind",
      "option '--timeout <SECONDS>' argument 'x' is invalid. It must be a whole number",
      "See lifeboat build --help",
    ],
    [
      "build --small --compression xz",
      "options must not contradict each other",
      "option '--compression <NAME>' cannot be used with option '--small'",
      "See lifeboat build --help",
    ],
  ];
  for (const [words, rule, state, hint] of cases) {
    const { exitCode, stdout, stderr } = await lifeboat(words.split(" "));
    assert.deepEqual([exitCode, stdout, stderr], [2, "", `lifeboat: Cannot read the command line as ${rule}: ${state}\n  ${hint}\n`]);
  }
  const bare = await lifeboat([]);
  assert.deepEqual([bare.exitCode, bare.stdout, bare.stderr.startsWith("Usage: lifeboat")], [2, "", true]);
});

test("findkernel prints the path first, and tells as data what the kernel lacks", async () => {
  await using scratch = await makeScratch();
  const image = await makeKernel(scratch.path, { modules: { "modules.dep": "", config: "CONFIG_DEVTMPFS=y\n" } });
  const text = await lifeboat(["findkernel", "-k", image]);
  assert.equal(text.stdout.split("\n")[0], image);
  const json = await lifeboat(["findkernel", "-k", image, "--json"]);
  const report = JSON.parse(json.stdout) as { release: string; usable: boolean; findings: readonly { severity: string; option: string }[] };
  assert.deepEqual([report.release, report.usable, json.exitCode], [RELEASE, false, 3]);
  assert.ok(report.findings.some(({ severity, option }) => severity === "fatal" && option === "CONFIG_SQUASHFS"));
  assert.ok(report.findings.every(({ option }) => option !== "CONFIG_DEVTMPFS"));
});

test("mountlist knows what findmnt says is mounted as the root, and writes MondoRescue's file whole", async () => {
  await using scratch = await makeScratch();
  const table = await lifeboat(["mountlist"]);
  assert.equal(table.stdout.split("\n")[0], "DEVICE\tMountpoint\tFormat\tSize\tLabel/UUID");
  const rows = JSON.parse((await lifeboat(["mountlist", "--json"])).stdout) as { device: string; mountpoint: string; format: string }[];
  const { stdout } = await run(["findmnt", "--noheadings", "--output", "SOURCE,FSTYPE", "/"]);
  const root = rows.find(({ mountpoint }) => mountpoint === "/");
  if (existsSync(stdout.split(" ")[0] ?? "")) assert.deepEqual([root?.device, root?.format], stdout.trim().split(/ +/));
  const path = join(scratch.path, "mountlist.txt");
  const written = await lifeboat(["mountlist", path]);
  assert.deepEqual([written.exitCode, written.stdout, (await stat(path)).mode & 0o777], [0, "", 0o644]);
  assert.equal((await readFile(path, "utf8")).split("\n").length, rows.length + 1);
  const again = await lifeboat(["mountlist", path]);
  assert.deepEqual([again.exitCode, again.stderr.includes("--force")], [3, true]);
});

test("inspect shows the machine, says whether it is restorable, and exits with 0 either way", async () => {
  const [text, json] = await Promise.all([lifeboat(["inspect"]), lifeboat(["inspect", "--json"])]);
  assert.deepEqual([text.exitCode, json.exitCode], [0, 0]);
  const { machine, reasons } = JSON.parse(json.stdout) as { machine: { hostName: string }; reasons: readonly string[] };
  assert.ok(text.stdout.startsWith(`machine:     ${machine.hostName}, `), text.stdout);
  assert.match(text.stdout, reasons.length === 0 ? /^restorable: yes$/m : /^restorable: no\n {2}\S/m);
});

test("explain and inspect plan the image for the kernel they are given and write nothing but the cache", { skip: noBuild }, async () => {
  await using scratch = await makeScratch();
  const root = scratch.path;
  const ko = await makeModule(root, "license=GPL", "firmware=some/blob.bin");
  const modules = { "modules.dep": "kernel/drivers/nvme/host/nvme.ko:\n", "kernel/drivers/nvme/host/nvme.ko": ko };
  const words = ["-k", await makeKernel(root, { modules }), "--cache", join(root, "cache")];
  const json = await lifeboat(["explain", "nvme", "--json", ...words]);
  const report = JSON.parse(json.stdout) as { findings: readonly Record<string, unknown>[] };
  const [finding] = report.findings;
  assert.deepEqual(
    [finding?.["kind"], finding?.["layer"], finding?.["path"], finding?.["sizeBytes"]],
    ["inside", "initramfs", `usr/lib/modules/${RELEASE}/kernel/drivers/nvme/host/nvme.ko`, ko.length],
  );
  const denied = await lifeboat(["explain", "nvme", "--deny-module", "nvme", ...words]);
  assert.equal(denied.stdout, "module nvme is not in the image\n  denied by option\n  Take it back from --deny-module\n");
  const typo = await lifeboat(["explain", "nvmme", ...words]);
  assert.deepEqual([typo.exitCode, typo.stderr.split("\n")[1]], [2, '  Did you mean "nvme"?']);
  const inspected = await lifeboat(["inspect", "--modules", "--json", ...words]);
  const { kernel, devices } = JSON.parse(inspected.stdout) as { kernel: string; devices: readonly { bus: string; modalias: string }[] };
  assert.equal(kernel, RELEASE);
  for (const { bus, modalias } of devices) assert.ok(bus !== "" && modalias !== "");
});

test("explain and inspect work in a checkout that has no binary", { skip: noBuild }, async () => {
  await using scratch = await makeScratch();
  const root = scratch.path;
  const checkout = await makeCheckout(root);
  const words = ["-k", await makeKernel(root, { modules: { "modules.dep": "" } }), "--cache", join(root, "cache"), "--json"];
  const explained = await lifeboat(["explain", "busybox", ...words], { checkout });
  assert.match(explained.stdout, /"kind":"inside"/);
  // Reasons name the agent as the image does, not where it lies on this machine.
  const library = await lifeboat(["explain", "libstdc++.so.6", ...words], { checkout });
  assert.match(library.stdout, /"because":\["usr\/bin\/lifeboat needs libstdc\+\+\.so\.6",/);
  const inspected = await lifeboat(["inspect", "--modules", ...words], { checkout });
  assert.match(inspected.stdout, /"devices":/);
  // That this checkout has none is shown by build, which needs it.
  const built = await lifeboat(["build", ...words, "-o", join(root, "rescue.iso")], { checkout });
  assert.match(built.stderr, new RegExp(`"${checkout}/out/lifeboat" is not\\n {2}Make it with: npm run binary`));
});

test("the report names what the image lacks, each kind in its own words", () => {
  const gaps = {
    absentPrograms: ["mkfs.f2fs", "fsck.f2fs"].map((name) => ({ name, package: "f2fs-tools", purpose: "makes F2FS" })),
    incompleteFiles: [{ name: "fsck.odd", kind: "incomplete", state: 'Cannot take "/opt/perl" …', because: [] }],
    notes: ["usr/bin/p would open liba.so for colours: not on this system"],
    unexplainedDlopens: ["usr/bin/ssh", "usr/lib/libpam.so.0"],
  } as const;
  assert.deepEqual(gapLines(gaps), [
    "",
    "  not on this machine, so not in the image: f2fs-tools",
    '  left out: fsck.odd: Cannot take "/opt/perl" …',
    "  note: usr/bin/p would open liba.so for colours: not on this system",
    "  may open libraries that nobody could foresee: ssh, libpam.so.0",
  ]);
  assert.deepEqual(gapLines({ absentPrograms: [], incompleteFiles: [], notes: [], unexplainedDlopens: [] }), []);
});

test("the report names a medium that starts nuke by itself", () => {
  const menu = {
    modes: ["interactive", "nuke"],
    append: "",
    consoles: [],
    title: "",
    machineName: "",
    dateText: "",
  } as const;
  assert.deepEqual(nukeLines({ ...menu, defaultMode: "interactive", timeoutSeconds: 30 }), []);
  assert.match(nukeLines({ ...menu, defaultMode: "nuke", timeoutSeconds: 30 }).join(), /starts nuke by itself after 30 s: it erases/);
  assert.match(nukeLines({ ...menu, defaultMode: "nuke", timeoutSeconds: 0 }).join(), /starts nuke when Enter is pressed/);
});

test("archive reads the set again, and does not with --no-verify, also from the config file", async () => {
  await using scratch = await makeScratch();
  const [tree, store, config] = ["tree", "store", "lifeboat.toml"].map((name) => join(scratch.path, name)) as [string, string, string];
  await Promise.all([mkdir(tree), mkdir(store), writeFile(config, "no-verify = true\n")]);
  const paths = async (name: string, ...words: readonly string[]) => {
    const { exitCode, stdout, stderr } = await lifeboat(["archive", "-I", tree, store, "--name", name, "--json", ...words]);
    assert.equal(exitCode, 0, stderr);
    return (JSON.parse(stdout) as { verification?: { paths: number } }).verification?.paths;
  };
  const depth = tree.split("/").length;
  assert.deepEqual(
    [await paths("a"), await paths("b", "--no-verify"), await paths("c", "--config", config)],
    [depth, undefined, undefined],
  );
});
