import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { absoluteArguments, withAbsolutePaths } from "./absolute-paths.ts";
import { archiveCommand } from "./archive.ts";
import { buildCommand } from "./build.ts";
import { lifeboat, makeKernel, makeScratch, pathsIn } from "./command-line-for-tests.ts";
import { COMMANDS } from "./commands.ts";
import { mountlistCommand } from "./mountlist.ts";

const here = (path: string) => join(process.cwd(), path);

test("every option and argument that names a file or directory becomes absolute, also one that begins with a dash", () => {
  const given = { cache: "-c", output: "./o", busybox: "b/../d", "failsafe-kernel": "k.deb", kernel: "./-k", append: "./a" };
  assert.deepEqual(withAbsolutePaths(buildCommand.options, given), {
    cache: here("-c"),
    output: here("o"),
    busybox: here("d"),
    "failsafe-kernel": here("k.deb"),
    kernel: here("-k"),
    append: "./a",
  });
  for (const kernel of ["failsafe", "6.1.0-9"]) assert.deepEqual(withAbsolutePaths(buildCommand.options, { kernel }), { kernel });
  assert.deepEqual(absoluteArguments(mountlistCommand, ["list"]), [here("list")]);
  assert.deepEqual(absoluteArguments(mountlistCommand, [undefined]), [undefined]);
  const places = ["iso:/mnt//b/", "iso:b.iso", "file:///mnt/b/", "file://b"];
  assert.deepEqual(
    places.map((place) => absoluteArguments(mountlistCommand, [place])[0]),
    ["iso:/mnt/b", `iso:${here("b.iso")}`, "/mnt/b", here("file:/b")],
  );
  const forgotten = COMMANDS.flatMap(({ options }) => options).filter(
    ({ value = "", type }) => /^(?:FILE|DIR)$/.test(value) && type !== "path",
  );
  assert.deepEqual(forgotten, []);
});

test("of an option that may be given again every path becomes absolute", () => {
  const given = { include: ["a/../b", "/c//d/"], exclude: ["name", "/x//y"] };
  assert.deepEqual(withAbsolutePaths(archiveCommand.options, given), { include: [here("b"), "/c/d"], exclude: ["name", "/x//y"] });
});

test("an empty value is refused, whatever the option, but for words that may be none", () => {
  const options = COMMANDS.flatMap((command) => command.options).filter(({ value, type }) => value !== undefined && type !== "number");
  for (const spec of options.filter(({ mayBeEmpty }) => mayBeEmpty !== true)) {
    const empty = spec.many === true ? ["full", ""] : "";
    const message = `Cannot use --${spec.name} as its value must name something: it is empty`;
    assert.throws(() => withAbsolutePaths([spec], { [spec.name]: empty }), { exitCode: 2, message });
  }
  assert.deepEqual(
    options.filter(({ mayBeEmpty }) => mayBeEmpty === true).map(({ name }) => name),
    ["append", "append", "append"],
  );
  assert.deepEqual(withAbsolutePaths(buildCommand.options, { append: "" }), { append: "" });
  assert.throws(() => withAbsolutePaths(buildCommand.options, { cache: "" }), { exitCode: 2, message: /--cache/ });
  assert.throws(() => absoluteArguments(mountlistCommand, [""]), { exitCode: 2, message: /FILE/ });
});

test("a relative kernel, cache and mountlist that begin with a dash are taken from the working directory", async () => {
  await using scratch = await makeScratch();
  const root = scratch.path;
  const image = await makeKernel(join(root, "-dash"), { modules: { "modules.dep": "" } });
  const found = await lifeboat(["findkernel", "--json", "-k", image.slice(root.length + 1)], { cwd: root });
  assert.equal((JSON.parse(found.stdout) as { kernelPath: string }).kernelPath, image);
  const listed = await lifeboat(["mountlist", "--", "-list"], { cwd: root });
  assert.deepEqual([listed.exitCode, listed.stderr], [0, ""]);
  assert.ok((await pathsIn(root)).includes("-list"));
});

test("LIFEBOAT_CACHE is the cache where no option names one", async () => {
  await using scratch = await makeScratch();
  const root = scratch.path;
  const env = { LIFEBOAT_CACHE: "of-environment" };
  // A package that is none is refused after the cache's place for it was made.
  await lifeboat(["findkernel", "--failsafe-kernel", process.execPath], { cwd: root, env });
  assert.ok((await pathsIn(root)).includes("of-environment/packages"));
  await lifeboat(["findkernel", "--failsafe-kernel", process.execPath, "--cache", "-given"], { cwd: root, env });
  assert.ok((await pathsIn(root)).includes("-given/packages"));
});
