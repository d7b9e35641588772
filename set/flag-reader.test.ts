// Inode flags: what lsattr prints is paired with what was asked, whatever the names; chattr is the oracle.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import * as fc from "fast-check";
import { run } from "#os/exec";
import { latin1Decode } from "../formats/text.ts";
import { flagMatcher, startFlagReader } from "./flag-reader.ts";

const scratch = mkdtempSync(join(tmpdir(), "lifeboat-flags-"));
after(async () => {
  await run(["chattr", "-R", "-i", "-a", scratch], { okCodes: [0, 1] });
  rmSync(scratch, { recursive: true, force: true });
});

/** What is found when `printed` comes in pieces of these lengths. */
function matched(asked: readonly string[], printed: string, lengths: readonly number[] = []): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  const matcher = flagMatcher([...asked], (path, letters) => (found[path] = letters));
  let at = 0;
  for (const length of [...lengths, printed.length]) {
    matcher.push(printed.slice(at, at + length));
    at += length;
  }
  return found;
}

const line = (letters: string, path: string) => `${letters.padEnd(22, "-")} ${path}\n`;

describe("flagMatcher()", () => {
  const cases: readonly (readonly [what: string, asked: readonly string[], printed: string, found: Readonly<Record<string, string>>])[] = [
    ["keeps the flags that can be set again", ["/a", "/b"], line("----ia---e", "/a") + line("--e", "/b"), { "/a": "ia" }],
    ["goes on after a question without an answer", ["/a", "/b", "/c"], line("i", "/a") + line("a", "/c"), { "/a": "i", "/c": "a" }],
    ["tells names with newlines from lines", ["/a\nb", "/c"], line("i", "/a\nb") + line("a", "/c"), { "/a\nb": "i", "/c": "a" }],
    [
      "takes a name that looks like a line for a name",
      [`/a\n${line("i", "/c").trimEnd()}`, "/c"],
      line("", `/a\n${line("i", "/c").trimEnd()}`) + line("a", "/c"),
      { "/c": "a" },
    ],
    [
      "goes on after the rest of a name that was taken for another",
      ["/a", "/a\nb", "/c"],
      line("e", "/a\nb") + line("i", "/c"),
      { "/c": "i" },
    ],
    ["goes on after a line that nobody asked for", ["/a"], line("i", "/x") + "noise\n" + line("a", "/a"), { "/a": "a" }],
  ];
  for (const [what, asked, printed, found] of cases) {
    test(what, () => {
      assert.deepEqual(matched(asked, printed), found);
      assert.deepEqual(
        matched(
          asked,
          printed,
          Array.from(printed, () => 1),
        ),
        found,
      );
    });
  }

  test("pairs ten thousand answers, in whatever pieces they come", () => {
    const asked = Array.from({ length: 10_000 }, (_, index) => (index % 7 === 0 ? `/d/${index}\nx` : `/d/${index}`));
    const printed = asked.map((path, index) => (index % 5 === 0 ? "" : line(index % 3 === 0 ? "i" : "e", path))).join("");
    const found = Object.fromEntries(asked.flatMap((path, index) => (index % 5 !== 0 && index % 3 === 0 ? [[path, "i"]] : [])));
    const property = fc.property(fc.array(fc.integer({ min: 1, max: 70_000 }), { maxLength: 20 }), (lengths) => {
      assert.deepEqual(matched(asked, printed, lengths), found);
    });
    fc.assert(property, { numRuns: 10 });
  });
});

test("startFlagReader() reads what chattr has set, of names of any bytes", async (context) => {
  const names = ["plain", "new\nline", "\xff\xfe", "-dash", "dir"];
  const script = `touch plain "$(printf 'new\\nline')" "$(printf '\\377\\376')" ./-dash none; mkdir dir; mkfifo pipe; chattr +i plain; chattr +a "$(printf 'new\\nline')"
    chattr +d "$(printf '\\377\\376')" -- ./-dash; chattr +A dir; lsattr -d plain`;
  const { exitCode, stdout } = await run(["sh", "-c", script], { cwd: scratch, okCodes: [0, 1] });
  if (exitCode !== 0 || !stdout.includes("i")) return context.skip("no file system with inode flags here, or no root");
  await using reader = startFlagReader();
  const here = latin1Decode(new TextEncoder().encode(scratch));
  for (const name of [...names, "none", "gone"]) reader.ask(`${here}/${name}`);
  await reader.room();
  const letters = ["i", "a", "d", "d", "A"];
  assert.deepEqual(await reader.finish(), new Map(names.map((name, index) => [`${here}/${name}`, letters[index]!])));
});

test("startFlagReader() gives none, and keeps nothing of the complaints, where no file has flags", async () => {
  await using reader = startFlagReader();
  for (let index = 0; index < 3000; index += 1) {
    reader.ask(`/proc/no/such/${"x".repeat(200)}/${index}`);
    await reader.room();
  }
  assert.deepEqual(await reader.finish(), new Map());
});

test("a flag reader that is left in the middle ends its program", async () => {
  const leave = async () => {
    await using reader = startFlagReader();
    reader.ask("/etc/passwd");
    throw new Error("left");
  };
  await assert.rejects(leave(), /left/);
  assert.equal((await run(["pgrep", "-P", `${process.pid}`, "xargs"], { okCodes: [0, 1] })).stdout, "");
});
