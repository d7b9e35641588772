import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { LifeboatError } from "#os/error";
import { run } from "#os/exec";
import { dependenciesOf, fetchPackages } from "./fetch-package.ts";
import { makeLocalApt, type LocalApt } from "./local-apt.ts";

const root = await mkdtemp(join(tmpdir(), "lifeboat-fetch-"));
after(() => rm(root, { recursive: true }));
const apt = await run(["apt-get", "--version"]).then(
  () => true,
  () => false,
);
const skip = apt ? false : "there is no apt-get on this machine";

async function freshApt(name: string) {
  await mkdir(join(root, name));
  return makeLocalApt(join(root, name));
}

const text = (path: string): Promise<string> => readFile(path, "utf8");

test("fetchPackages() unpacks packages together, without what they depend on", { skip }, async () => {
  const local = await freshApt("together");
  await local.add({ name: "one", version: "2:1.0~rc1-3", depends: "two", files: { "usr/share/one": "1" } });
  await local.add({ name: "two", version: "5", files: { "usr/share/two": "2" } });
  await local.update();
  const cache = join(root, "together-cache");
  const alone = await fetchPackages(["one"], cache, { apt: local });
  assert.equal(alone, join(cache, "packages/one/2_1.0~rc1-3"));
  assert.deepEqual(await readdir(join(alone, "usr/share")), ["one"]);
  const both = await fetchPackages(["two", "one"], cache, { apt: local });
  assert.deepEqual(await readdir(join(both, "usr/share")), ["one", "two"]);
  assert.deepEqual(await dependenciesOf("one", { apt: local }), ["two"]);
});

test(
  "fetchPackages() takes the cache's tree again, a newer version when apt knows one, and the old one when it cannot be had",
  { skip },
  async () => {
    const local = await freshApt("again");
    const cache = join(root, "again-cache");
    const fetch = (): Promise<string> => fetchPackages(["busy"], cache, { apt: local });
    await local.add({ name: "busy", version: "1", files: { v: "one" } });
    await local.update();
    const first = await fetch();
    assert.equal(await fetch(), first);
    await local.add({ name: "busy", version: "2", files: { v: "two" } });
    await local.update();
    const second = await fetch();
    assert.deepEqual([await text(join(first, "v")), await text(join(second, "v"))], ["one", "two"]);
    await local.add({ name: "busy", version: "3", files: { v: "three" } });
    await local.update();
    await local.cut();
    assert.equal(await fetch(), second);
    assert.equal(
      await fetchPackages(["busy"], cache, { apt: { lists: join(root, "no-lists"), env: { PATH: join(root, "no-apt") } } }),
      second,
    );
    assert.deepEqual((await readdir(join(cache, "packages/busy"))).sort(), ["1", "2"]);
  },
);

test("fetchPackages() leaves nothing half-made when the finishing step fails", { skip }, async () => {
  const local = await freshApt("half");
  const cache = join(root, "half-cache");
  await local.add({ name: "half", version: "1", files: { f: "x" } });
  await local.update();
  const finish = async (tree: string): Promise<void> => {
    assert.equal(await text(join(tree, "f")), "x");
    throw new LifeboatError("Cannot finish as it must: no");
  };
  await assert.rejects(fetchPackages(["half"], cache, { apt: local, finish }), /Cannot finish/);
  assert.deepEqual(await readdir(join(cache, "packages/half")), []);
  assert.equal(await text(join(await fetchPackages(["half"], cache, { apt: local }), "f")), "x");
});

test("fetchPackages() makes one tree when two builds ask at once", { skip }, async () => {
  const local = await freshApt("twice");
  const cache = join(root, "twice-cache");
  await local.add({ name: "twin", version: "1", files: { f: "x" } });
  await local.update();
  const trees = await Promise.all(
    [1, 2].map(async () => (await run([process.execPath, ...fetchProgram("twin", cache, local)])).stdout.trim()),
  );
  assert.equal(trees[0], trees[1]);
  assert.deepEqual(await readdir(join(cache, "packages/twin")), ["1"]);
});

test("fetchPackages() says with exit code 3 what apt lacks, and which option gives the file instead", { skip }, async () => {
  const local = await freshApt("errors");
  await local.add({ name: "known", version: "1", files: { f: "x" } });
  await local.update();
  await local.cut();
  const noApt = { PATH: join(root, "no-apt") };
  const cases: readonly (readonly [string, Readonly<Record<string, string>>, RegExp, RegExp])[] = [
    [
      "unknown",
      local.env,
      /^Cannot fetch "unknown" as apt must know them: no package of that name/,
      /apt-get update, or .* --busybox FILE$/,
    ],
    [
      "known",
      local.env,
      /^Cannot fetch "known=1" as apt must be able to download them: exit code 100, saying .*Failed to fetch/,
      /network.* --busybox FILE$/,
    ],
    ["known", noApt, /^Cannot fetch "known" as apt must be there: no apt on this machine$/, /Debian.* --busybox FILE$/],
  ];
  for (const [name, env, message, hint] of cases) {
    await assert.rejects(
      fetchPackages([name], join(root, "errors-cache"), { apt: { ...local, env }, instead: "--busybox FILE" }),
      (error) => {
        assert.ok(error instanceof LifeboatError);
        assert.match(error.message, message);
        assert.match(error.hint ?? "", hint);
        assert.equal(error.exitCode, 3);
        return true;
      },
    );
  }
});

test("fetchPackages() refuses a package that is damaged", { skip }, async () => {
  const local = await freshApt("damaged");
  const deb = await local.add({ name: "bent", version: "1", files: { f: "x" } });
  await local.update();
  await writeFile(
    deb,
    (await readFile(deb)).map((byte, index) => (index === 100 ? byte ^ 1 : byte)),
  );
  await assert.rejects(fetchPackages(["bent"], join(root, "damaged-cache"), { apt: local }), /Cannot fetch "bent=1"/);
});

/** Node's arguments for a build of its own, which prints the directory. */
function fetchProgram(name: string, cache: string, { env, lists }: LocalApt): readonly string[] {
  const file = join(import.meta.dirname, "fetch-package.ts");
  const program = `import { fetchPackages } from ${JSON.stringify(file)};
    console.log(await fetchPackages([${JSON.stringify(name)}], ${JSON.stringify(cache)}, { apt: ${JSON.stringify({ env, lists })} }));`;
  return ["--input-type=module", "--eval", program];
}

const AS_NOBODY = ["setpriv", "--reuid", "nobody", "--clear-groups"] as const;

async function whyNotAsNobody(): Promise<string | false> {
  if (!apt) return "there is no apt-get on this machine";
  if (process.getuid?.() !== 0) return "this is not root already: the other tests show it";
  const readable = await run([...AS_NOBODY, "test", "-r", import.meta.filename, "-a", "-x", process.execPath], { okCodes: [0, 1, 127] });
  return readable.exitCode === 0 ? false : "the user nobody cannot read this checkout or run this Node";
}

test("fetchPackages() needs no root", { skip: await whyNotAsNobody() }, async () => {
  const local = await freshApt("nobody");
  await local.add({ name: "low", version: "1", files: { f: "x" } });
  await local.update();
  const cache = join(root, "nobody-cache");
  await mkdir(cache);
  await run(["chown", "-R", "nobody", join(root, "nobody"), cache]);
  await run(["chmod", "755", root]);
  const command = [...AS_NOBODY, process.execPath, ...fetchProgram("low", cache, local)] as const;
  const { stdout } = await run(command, { env: { HOME: "/" } });
  assert.equal(await text(join(stdout.trim(), "f")), "x");
});
