import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { buildCommand } from "./build.ts";
import { lifeboat, makeKernel, makeScratch } from "./command-line-for-tests.ts";
import { COMMANDS } from "./commands.ts";
import { configOptions, fillFromConfig } from "./config-options.ts";

async function filled(config: string, given: Parameters<typeof fillFromConfig>[1]): Promise<Readonly<Record<string, unknown>>> {
  await using scratch = await makeScratch();
  const path = join(scratch.path, "lifeboat.toml");
  await writeFile(path, config);
  const { config: _, ...values } = await fillFromConfig(buildCommand, { ...given, config: path }, COMMANDS);
  return values;
}

test("the config file gives what the command line leaves open", async () => {
  const config = 'format = "usb"\ntimeout = 5\nforce-module = ["nvme", "ahci"]\n';
  assert.deepEqual(await filled(config, { format: "pxe" }), { format: "pxe", timeout: 5, "force-module": ["nvme", "ahci"] });
  assert.deepEqual(await filled(config, { "force-module": ["sr_mod"] }), { format: "usb", timeout: 5, "force-module": ["sr_mod"] });
});

test("an option on the command line puts its opposite in the config file aside", async () => {
  assert.deepEqual(await filled("small = true\n", { compression: "gzip" }), { compression: "gzip" });
  assert.deepEqual(await filled('compression = "gzip"\n', { small: true }), { small: true });
});

test("options for one run alone are no keys of the config file", async () => {
  const names = new Set(configOptions(COMMANDS).map(({ name }) => name));
  for (const name of ["force", "json", "config"]) assert.ok(!names.has(name), name);
  await assert.rejects(filled("force = true\n", {}), {
    message: /must be options that may stand in a file: "force" may not$/,
    exitCode: 2,
  });
});

test("a config file is read by the real command line, which beats it", async () => {
  await using scratch = await makeScratch();
  const [first, second] = await Promise.all(
    ["one", "two"].map((name) => makeKernel(join(scratch.path, name), { modules: { "modules.dep": "" } })),
  );
  const config = join(scratch.path, "lifeboat.toml");
  // Keys of other commands may stand there too.
  await writeFile(config, `kernel = "${first}"\nformat = "usb"\n`);
  const byConfig = await lifeboat(["findkernel", "--json", "--config", config]);
  assert.equal((JSON.parse(byConfig.stdout) as { kernelPath: string }).kernelPath, first);
  const byLine = await lifeboat(["findkernel", "--json", "--config", config, "-k", second!]);
  assert.equal((JSON.parse(byLine.stdout) as { kernelPath: string }).kernelPath, second);
});

test("a config file that is named must be there, and must be of the right types", async () => {
  await using scratch = await makeScratch();
  const config = join(scratch.path, "lifeboat.toml");
  const absent = await lifeboat(["findkernel", "--config", config]);
  assert.equal(absent.exitCode, 2);
  assert.match(
    absent.stderr,
    /^lifeboat: Cannot read ".*lifeboat\.toml" as the config file that is named must be there: no such file\n {2}/,
  );
  for (const [text, message] of [
    ['timeout = "5"\n', /lifeboat\.toml:1" as "timeout" must be a whole number: it is "5"/],
    ["timeout = 1.5\n", /lifeboat\.toml:1" as "timeout" must be a whole number: it is 1\.5/],
    ["timeout = -5\n", /lifeboat\.toml:1" as "timeout" must be a whole number: it is -5/],
    ["small = \n", /lifeboat\.toml:1" as the config file must be TOML/],
  ] as const) {
    await writeFile(config, text);
    const wrong = await lifeboat(["findkernel", "--config", config]);
    assert.equal(wrong.exitCode, 2, text);
    assert.match(wrong.stderr, message);
  }
});

test("nuke as the default is consent, which a file cannot give and the command line can", async () => {
  await assert.rejects(filled('default = "nuke"\n', {}), {
    message: /lifeboat\.toml:1" as a medium that erases disks unasked is made on the command line alone: it says default = "nuke"$/,
    hint: /--default nuke on the command line$/,
    exitCode: 2,
  });
  assert.deepEqual(await filled('default = "compare"\n', { default: "nuke" }), { default: "nuke" });
});

test("options that exclude each other do so in the file too", async () => {
  await assert.rejects(filled('small = true\ncompression = "gzip"\n', {}), {
    message: /"small" and "compression" exclude each other/,
    exitCode: 2,
  });
});

test("an unknown key without a near name is answered with all names, each once", async () => {
  await assert.rejects(filled("xyzzy = 1\n", {}), (error: Error & { readonly hint?: string }) => {
    const names = error.hint?.replace("The options are ", "").split(", ") ?? [];
    assert.ok(names.includes("kernel"));
    assert.equal(new Set(names).size, names.length);
    return true;
  });
});
