// kmod as the judge on a whole kernel's modules, such as Debian's kernel package unpacked and given to depmod.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, test } from "node:test";
// oxlint-disable-next-line no-restricted-imports -- "#os" is the root package's word, which a workspace package cannot say
import { run } from "../os/exec.ts";
import { lookup } from "./lookup.ts";
import { detectModuleCompression } from "./module-compression.ts";
import { formatModuleTable, parseModuleTable } from "./module-table-text.ts";
import { makeModuleTable } from "./module-table.ts";
import { parseModuleTree } from "./module-tree.ts";
import { matchModalias } from "./match-modalias.ts";
import { readModinfo } from "./modinfo-section.ts";
import { selectModules } from "./select.ts";
import { treeLoadOrder } from "./tree-load-order.ts";

const directory = process.env["LIFEBOAT_TEST_MODULES"] ?? "";
const skip = directory === "" ? "needs LIFEBOAT_TEST_MODULES=/…/lib/modules/RELEASE, a tree that depmod has seen" : false;
const release = basename(directory);
const root = join(directory, "../../..");
const tree = skip === false ? parseModuleTree(await treeTexts()) : parseModuleTree({ "modules.dep": "" });
const scratch = await mkdtemp(join(tmpdir(), "kmod-real-"));
after(() => rm(scratch, { recursive: true }));

const MARK = "kmod-parse-mark";

test("modaliases made from the kernel's own patterns resolve as modprobe --resolve-alias does", { skip }, async () => {
  const queries = everyNth(tree.aliases, 3000).map((alias, index) => concrete(alias.pattern, index));
  const expected = await resolveAll(queries);
  const table = makeModuleTable({ release, tree, selection: selectModules(tree), firmware: new Map() });
  const revived = parseModuleTable(formatModuleTable(table));
  queries.forEach((query, index) => {
    const found = lookup(tree, query);
    assert.deepEqual(found?.names ?? [], expected[index], query);
    if (found?.source === "alias") assert.deepEqual(matchModalias(revived, query), expected[index], `${query} in the table`);
  });
});

test("200 modules load in the order that modprobe --show-depends prints", { skip }, async () => {
  const names = [
    ...new Set([...everyNth([...tree.modules.keys()], 180), ...[...tree.softdeps.keys()].filter((name) => tree.modules.has(name))]),
  ];
  for (const name of names) {
    const { stdout } = await run(["modprobe", "-d", root, "-S", release, "-C", "/dev/null", "--show-depends", name]);
    const loads = stdout.split("\n").filter((line) => line.startsWith("insmod "));
    const expected = [
      ...new Set(
        loads.map((line) =>
          line
            .trim()
            .replace(/^insmod \S*\/([^/.]*)\.ko\S*(?: .*)?$/, "$1")
            .replace(/-/g, "_"),
        ),
      ),
    ];
    assert.deepEqual(treeLoadOrder(tree, name), expected, name);
  }
});

test("the .modinfo of 200 modules is what modinfo prints", { skip }, async () => {
  for (const module of everyNth([...tree.modules.values()], 200)) {
    const file = join(directory, module.path);
    const bytes = await readFile(file);
    if (detectModuleCompression(bytes) !== "none") continue;
    const stdout = (await run(["modinfo", "-0", file])).stdout;
    // modinfo puts parm and parmtype together, and adds fields of its own.
    const isOwn = (entry: string) => !/^(?:filename|parm|parmtype|sig_id|signer|sig_key|sig_hashalgo|signature)[=:]/.test(entry);
    const actual = readModinfo(bytes, module.path).map((entry) => `${entry.key}=${entry.value}`);
    assert.deepEqual(
      actual.filter(isOwn),
      stdout.split("\0").filter((entry) => entry !== "" && isOwn(entry)),
      module.name,
    );
  }
});

test("every module is chosen once, and what an initramfs module needs is in the initramfs too", { skip }, () => {
  const selection = selectModules(tree);
  assert.equal(selection.modules.length, tree.modules.size);
  const layers = new Map(selection.modules.map((module) => [module.name, module.layer]));
  const stray = selection.modules
    .filter((module) => module.layer === "initramfs")
    .flatMap((module) => (tree.modules.get(module.name)?.needs ?? []).filter((needed) => layers.get(needed) !== "initramfs"));
  assert.deepEqual(stray, []);
  for (const module of selection.modules) assert.ok(module.because.length > 0, module.name);
});

test("parsing the tree, choosing all and making the table takes well under the time of one depmod", { skip }, async () => {
  const texts = await treeTexts();
  const start = performance.now();
  const parsed = parseModuleTree(texts);
  const table = makeModuleTable({ release, tree: parsed, selection: selectModules(parsed), firmware: new Map() });
  const text = formatModuleTable(table);
  const made = performance.now();
  parseModuleTable(text);
  const read = performance.now();
  console.log(
    `# ${tree.modules.size} modules: made in ${(made - start).toFixed(0)} ms, ${text.length} bytes, read in ${(read - made).toFixed(0)} ms`,
  );
  assert.ok(made - start < 5000, "a generous bound: what it guards against is quadratic time");
});

/** Something that the pattern matches: stars become digits, words or nothing, sets their first member. */
function concrete(pattern: string, seed: number): string {
  const fillers = ["", "0", "00ab", "X-y/z"];
  let count = seed;
  return pattern
    .replace(/\[([^\]])[^\]]*\]/g, "$1")
    .replace(/\?/g, "7")
    .replace(/\*/g, () => fillers[count++ % fillers.length]!);
}

function everyNth<T>(list: readonly T[], wanted: number): readonly T[] {
  const step = Math.max(1, Math.floor(list.length / wanted));
  return list.filter((_, index) => index % step === 0).slice(0, wanted);
}

/** One modprobe for many: between the answers it resolves an alias whose answer is known. */
async function resolveAll(queries: readonly string[]): Promise<readonly (readonly string[])[]> {
  const config = join(scratch, "mark.conf");
  await writeFile(config, `alias ${MARK} ${MARK}\n`);
  const answers: string[][] = [];
  for (let at = 0; at < queries.length; at += 500) {
    const words = queries.slice(at, at + 500).flatMap((query) => [query, MARK]);
    const { stdout } = await run(["modprobe", "-d", root, "-S", release, "-C", config, "-a", "-R", ...words], { okCodes: [0, 1] });
    const groups = stdout.split(`${MARK.replace(/-/g, "_")}\n`).slice(0, -1);
    for (const group of groups) answers.push([...new Set(group.split("\n").filter((line) => line !== ""))]);
  }
  return answers;
}

async function treeTexts(): Promise<Record<string, string>> {
  const names = ["dep", "alias", "softdep", "weakdep", "builtin", "builtin.modinfo", "devname"].map((name) => `modules.${name}`);
  const there = names.filter((name) => existsSync(join(directory, name)));
  return Object.fromEntries(await Promise.all(there.map(async (name) => [name, await readFile(join(directory, name), "utf8")] as const)));
}
