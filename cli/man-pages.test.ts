import assert from "node:assert/strict";
import { test } from "node:test";
import { run } from "#os/exec";
import type { CommandSpec } from "./command-spec.ts";
import { COMMANDS } from "./commands.ts";
import { manPages } from "./man-pages.ts";

const groff = await run(["groff", "--version"]).then(
  () => true,
  () => false,
);

test("groff has nothing to say about any page", { skip: groff ? false : "needs groff" }, async () => {
  for (const { name, text } of manPages(COMMANDS, "1.0")) {
    const { stderr } = await run(["groff", "-man", "-ww", "-z", "-Tascii"], { input: text });
    assert.equal(stderr, "", name);
  }
});

test(
  "a page shows every option, and text that roff would read as commands comes out as it is",
  { skip: groff ? false : "needs groff" },
  async () => {
    const spec: CommandSpec = {
      name: "odd-name",
      summary: "Show \\fBodd\\fR things",
      description: ".hidden 'quoted' C:\\path -- \"both\" ~/`x`^",
      args: [{ name: "FILE", required: false, description: "'tis optional" }],
      options: [
        { name: "some-thing", short: "s", value: "VALUE", choices: ["one", "two"], description: "Take .one", defaultText: "one" },
        { name: "json", description: "Print JSON", inConfig: false },
      ],
      examples: [{ command: "lifeboat odd-name -s two", says: "an example" }],
      run: async () => 0,
    };
    const [main, page] = manPages([spec, { ...spec, name: "secret", hidden: true }], "1.0");
    assert.ok(!main?.text.includes("secret"));
    // Debian's groff prints both alike; others make a typographic hyphen of the bare one.
    assert.ok(page?.text.includes("\\-\\-some\\-thing"));
    const { stdout } = await run(["groff", "-man", "-Tutf8", "-P-cbou", "-rLL=200n"], { input: page?.text ?? "" });
    for (const words of [
      "lifeboat-odd-name - show \\fBodd\\fR things",
      "lifeboat odd-name [OPTION]... [FILE]",
      ".hidden 'quoted' C:\\path -- \"both\" ~/`x`^",
      "'tis optional.",
      "-s, --some-thing VALUE Take .one. One of one, two. Default: one.",
      "--json Print JSON. Not in the config file.",
      "--config FILE",
      "lifeboat odd-name -s two an example.",
      "2 bad usage or config.",
    ]) {
      assert.ok(stdout.replace(/\s+/g, " ").includes(words), `${words}\n${stdout}`);
    }
  },
);
