// kmod as the judge, on tiny modules made with the assembler: no kernel needed.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import * as fc from "fast-check";
// oxlint-disable-next-line no-restricted-imports -- "#os" is the root package's word, which a workspace package cannot say
import { run } from "../os/exec.ts";
import { matchAlias } from "./alias-match.ts";
import { parseCommandLineModules } from "./kernel-command-line.ts";
import { modinfoValues, readModinfo } from "./modinfo-section.ts";
import { mergeModprobeConfig, optionsFor } from "./modprobe-config.ts";
import { parseModuleTree } from "./module-tree.ts";
import { treeLoadOrder } from "./tree-load-order.ts";
import { lookup } from "./lookup.ts";

const RELEASE = "6.0.0-tiny";
const root = await mkdtemp(join(tmpdir(), "kmod-parse-"));
const modules = join(root, "lib/modules", RELEASE);
after(() => rm(root, { recursive: true }));

const missing = await missingTools();
const skip = missing === "" ? false : `needs ${missing} (Debian: kmod, binutils)`;

interface TinyModule {
  readonly path: string;
  readonly modinfo: readonly string[];
  readonly exports?: string;
  readonly uses?: readonly string[];
  readonly bits?: "--32";
}

/** Chains, diamonds, softdeps before, after and in a loop, ranges and dashes in aliases. */
const TINY: readonly TinyModule[] = [
  { path: "kernel/base-mod.ko", modinfo: ["alias=tiny:v00001*"], exports: "base_fn" },
  { path: "kernel/mid_mod.ko", modinfo: ["softdep=pre: early-one post: late_one"], exports: "mid_fn", uses: ["base_fn"] },
  { path: "kernel/side.ko", modinfo: [], exports: "side_fn", uses: ["base_fn"] },
  { path: "kernel/top.ko", modinfo: ["softdep=pre: nosuch serves-top", "alias=tiny:v0000[0-4]*"], uses: ["mid_fn", "side_fn"] },
  { path: "kernel/early-one.ko", modinfo: ["softdep=pre: late_one"] },
  { path: "kernel/late_one.ko", modinfo: ["softdep=post: early-one"] },
  { path: "kernel/server.ko", modinfo: ["alias=serves-top", "alias=scsi:t-0x00*"], uses: ["side_fn"] },
  { path: "kernel/loop-a.ko", modinfo: ["softdep=pre: loop_b"] },
  { path: "kernel/loop_b.ko", modinfo: ["softdep=ignored pre: loop-a"], uses: ["mid_fn"] },
  { path: "kernel/narrow.ko", modinfo: ["firmware=tiny/a b.bin", "description=Größe \u{1f6df}", "firmware=tiny/*.bin"], bits: "--32" },
];

if (skip === false) await makeTree();

test("loads come in the order that modprobe --show-depends prints", { skip }, async () => {
  const tree = parseModuleTree(await treeTexts());
  for (const name of tree.modules.keys()) {
    assert.deepEqual(treeLoadOrder(tree, name), await showDepends(name), name);
  }
});

test("a configured softdep beats the module's own when its file sorts before modules.softdep, and loses after it", { skip }, async () => {
  for (const name of ["a.conf", "zz.conf"]) {
    const directory = join(root, `config-${name}`);
    const text = "softdep top post: narrow\nsoftdep top pre: loop-a\nsoftdep lo* pre: side\n";
    await put(join(directory, name), text);
    const tree = parseModuleTree(await treeTexts(), [{ name, directory: "/etc/modprobe.d", text }]);
    for (const module of ["top", "loop_a", "late_one"]) {
      const expected = await showDepends(module, directory);
      assert.deepEqual(treeLoadOrder(tree, module), expected, `${module} with ${name}`);
    }
  }
});

test("a lookup gives what modprobe --resolve-alias gives", { skip }, async () => {
  const tree = parseModuleTree(await treeTexts());
  const queries = [
    "tiny:v00001x",
    "tiny:v00005",
    "tiny:v00003",
    "scsi:t-0x00",
    "scsi:t_0x00",
    "serves_top",
    "mid-mod",
    "early_one",
    "nobody",
  ];
  for (const query of queries) {
    const { stdout } = await run(["modprobe", "-d", root, "-S", RELEASE, "-C", "/dev/null", "-a", "-R", query], { okCodes: [0, 1] });
    assert.deepEqual(lookup(tree, query)?.names ?? [], [...new Set(stdout.split("\n").filter((line) => line !== ""))], query);
  }
});

test("readModinfo() reads 64-bit and 32-bit modules as modinfo does, text in UTF-8 included", { skip }, async () => {
  for (const { path } of TINY) {
    const file = join(modules, path);
    const entries = readModinfo(await readFile(file), path);
    const expected = (await run(["modinfo", "-0", file])).stdout
      .split("\0")
      .filter((entry) => entry !== "" && !entry.startsWith("filename"));
    const actual = entries.map((entry) => `${entry.key}=${entry.value}`);
    assert.deepEqual(
      new Set(actual.filter((entry) => !entry.startsWith("name="))),
      new Set(expected.filter((entry) => !entry.startsWith("name="))),
    );
  }
  const narrow = readModinfo(await readFile(join(modules, "kernel/narrow.ko")), "narrow.ko");
  assert.deepEqual(modinfoValues(narrow, "firmware"), ["tiny/a b.bin", "tiny/*.bin"]);
});

test("aliases match as in libkmod, for patterns and names of all kinds", { skip }, async () => {
  const part = fc.constantFrom("a", "b", "-", "_", "/", ".", "*", "?", "[a-c]", "[!a]", "[^b-]", "[-_]", "[a", "]", "\\*", "\\a", "0");
  const patterns = fc
    .sample(fc.array(part, { minLength: 1, maxLength: 6 }), { numRuns: 400, seed: 7 })
    .map((parts) => `x${parts.join("")}`);
  const plain = fc.constantFrom("a", "b", "c", "-", "_", "/", ".", "0", "*", "d");
  const names = fc.sample(fc.array(plain, { maxLength: 5 }), { numRuns: 60, seed: 8 }).map((parts) => `x${parts.join("")}`);
  const directory = join(root, "patterns");
  // A backslash in the file is taken away when lines are joined, so it is written twice.
  const lines = patterns.map((pattern, index) => `alias ${pattern.replace(/\\/g, "\\\\")} m${index}\n`);
  await put(join(directory, "a.conf"), lines.join(""));
  for (const name of names) {
    const { stdout } = await run(["modprobe", "-d", root, "-S", RELEASE, "-C", directory, "-R", name], { okCodes: [0, 1] });
    const expected = stdout.split("\n").filter((line) => line !== "");
    const actual = patterns.flatMap((pattern, index) => (matches(pattern, name) ? [`m${index}`] : []));
    assert.deepEqual(actual, expected, `for ${name}`);
  }
});

test("modprobe.d is read as modprobe --showconfig prints it", { skip }, async () => {
  const files = {
    "b.conf":
      "# comment\nalias snd-card-[0-9] my-mod\nblacklist foo-bar\noptions foo-bar a=1  b=\\\n  2\n  # not at the start\nnonsense here\n",
    "a.conf":
      'options foo_bar c="x y"\ninstall pcspkr /bin/true\nremove usb-x /sbin/rm $CMDLINE_OPTS\nsoftdep q pre: a-b c post: d\ninclude /x\n',
    "c.text": "blacklist never\n",
    ".d.conf": "blacklist never\n",
    "e.conf": "blacklist\nalias only\noptions lone\nalias bad] x\nblacklist last-one \\\nstill",
  };
  const directory = join(root, "showconfig");
  for (const [name, text] of Object.entries(files)) await put(join(directory, name), text);
  const config = mergeModprobeConfig(Object.entries(files).map(([name, text]) => ({ name, directory: "/etc/modprobe.d", text })));
  assert.deepEqual(configLines(config), await showConfig(directory));
  assert.equal(optionsFor(config, "foo_bar"), 'c="x y" a=1  b=  2');
});

test("the kernel's command line is read as libkmod reads /proc/cmdline", { skip: skip || (await cannotBind()) }, async () => {
  const lines = [
    "initrd=\\initramfs-linux.img mod_simple.foo mod-simple.bar=1 root=/dev/sda2 quiet rw",
    'psmouse.foo psmouse.bar=1 psmouse.foobar="test 1" psmouse."invalid option" " notamodule" "noteamodule2 " quiet',
    "psmouse.foo=2 ivrs_acpihid[14:00.5]=AMD0020:00 psmouse.zinga=test a.b.c=1 a.d=x.y=z",
    'psmouse.foo parport.dyndbg="file drivers/parport/ieee1284_ops.c +mpf" quiet rw',
    'psmouse.foo "parport.dyndbg=file drivers/parport/ieee1284_ops.c +mpf" quiet rw',
    "modprobe.blacklist=foo,bar modprobe.blacklist=foo2 quiet modprobe.blacklist=bar2 rw",
  ];
  for (const line of lines) {
    const { options, blacklist } = parseCommandLineModules(`${line}\n`);
    const mine = [...blacklist.map((name) => `blacklist ${name}`), ...options.map((entry) => `options ${entry.module} ${entry.options}`)];
    assert.deepEqual(new Set(mine), new Set(await showConfigWithCommandLine(line)), line);
  }
});

function matches(pattern: string, name: string): boolean {
  try {
    return matchAlias(pattern, name);
  } catch {
    return false;
  }
}

async function makeTree(): Promise<void> {
  for (const module of TINY) await assemble(module);
  await put(join(modules, "modules.order"), TINY.map((module) => `${module.path}\n`).join(""));
  await put(join(modules, "modules.builtin"), "kernel/built-in.ko\n");
  await put(join(modules, "modules.builtin.modinfo"), "built_in.alias=tiny-built\0");
  await run(["depmod", "-b", root, RELEASE]);
}

async function assemble({ path, modinfo, exports, uses = [], bits }: TinyModule): Promise<void> {
  const escaped = modinfo.map((entry) => `.asciz "${entry}"`);
  const source = [
    '.section .modinfo,"a"',
    ...escaped,
    ...(exports === undefined ? [] : ['.section __ksymtab_strings,"a"', `.asciz "${exports}"`]),
    ".text",
    ...uses.map((symbol) => `.long ${symbol}`),
    "",
  ];
  await mkdir(dirname(join(modules, path)), { recursive: true });
  await run(["as", ...(bits === undefined ? [] : [bits]), "-o", join(modules, path), "-"], { input: source.join("\n") });
}

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

async function treeTexts(): Promise<Record<string, string>> {
  const names = ["modules.dep", "modules.alias", "modules.softdep", "modules.builtin", "modules.builtin.modinfo", "modules.devname"];
  const texts = await Promise.all(names.map(async (name) => [name, await readFile(join(modules, name), "utf8")] as const));
  return Object.fromEntries(texts);
}

async function showDepends(name: string, config = "/dev/null"): Promise<readonly string[]> {
  const { stdout } = await run(["modprobe", "-d", root, "-S", RELEASE, "-C", config, "--show-depends", name]);
  const loads = stdout.split("\n").filter((line) => line.startsWith("insmod "));
  return [
    ...new Set(
      loads.map((line) =>
        line
          .trim()
          .replace(/^.*\/(.*)\.ko$/, "$1")
          .replace(/-/g, "_"),
      ),
    ),
  ];
}

/** Without what this machine's command line and our tree's softdeps add to every answer. */
async function showConfig(directory: string): Promise<readonly string[]> {
  const show = async (config: string) =>
    configPart((await run(["modprobe", "-d", root, "-S", RELEASE, "-C", config, "--showconfig"])).stdout);
  const always = new Set(await show("/dev/null"));
  return (await show(directory)).filter((line) => !always.has(line));
}

async function showConfigWithCommandLine(line: string): Promise<readonly string[]> {
  const file = join(root, "cmdline");
  await put(file, `${line}\n`);
  const script = `mount --bind "$1" /proc/cmdline && exec modprobe -d "$2" -S "$3" -C /dev/null --showconfig`;
  const lines = configPart((await run(["unshare", "-m", "sh", "-c", script, "sh", file, root, RELEASE])).stdout);
  return lines.filter((shown) => !shown.startsWith("softdep "));
}

/** The part before the indexes, which our own trees add to. */
function configPart(stdout: string): readonly string[] {
  const end = stdout.indexOf("# End of configuration files");
  const lines = (end === -1 ? stdout : stdout.slice(0, end)).split("\n").filter((line) => line !== "");
  // kmod 30 forgets the blank before "post:".
  return lines.map((line) => line.replace(/\s*post:/, " post:"));
}

function configLines(config: ReturnType<typeof mergeModprobeConfig>): readonly string[] {
  return [
    ...config.blacklist.map((name) => `blacklist ${name}`),
    ...config.installs.map((entry) => `install ${entry.module} ${entry.command}`),
    ...config.removes.map((entry) => `remove ${entry.module} ${entry.command}`),
    ...config.aliases.map((entry) => `alias ${entry.pattern} ${entry.module}`),
    ...config.options.map((entry) => `options ${entry.module} ${entry.options}`),
    ...config.softdeps.map((entry) => `softdep ${entry.module} pre: ${entry.pre.join(" ")} post: ${entry.post.join(" ")}`),
  ];
}

async function missingTools(): Promise<string> {
  const checks = await Promise.all(
    ["as", "depmod", "modprobe", "modinfo"].map(async (tool) => {
      try {
        await run([tool, "--version"]);
        return [];
      } catch {
        return [tool];
      }
    }),
  );
  return checks.flat().join(", ");
}

async function cannotBind(): Promise<string | false> {
  const file = join(root, "probe");
  await put(file, "\n");
  try {
    await run(["unshare", "-m", "mount", "--bind", file, "/proc/cmdline"]);
    return false;
  } catch {
    return "needs the right to bind a file over /proc/cmdline in a mount namespace";
  }
}
