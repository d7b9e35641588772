import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { parseBootWords, splitWords, STAGE_NAMES } from "./boot-words.ts";
import { FLAG_WORDS, LOADER_WORDS, MODE_WORDS, OWN_WORDS, VALUE_WORDS, type WordText } from "./word-table.ts";

const NOTHING = {
  mode: "interactive",
  flags: new Set(),
  values: new Map(),
  medium: undefined,
  own: new Map(),
  timeoutsMs: new Map(),
  problems: [],
};

test("a command line without our words means the interactive mode and nothing else", () => {
  assert.deepEqual(parseBootWords("BOOT_IMAGE=/vmlinuz root=/dev/sda1 ro quiet console=ttyS0,115200n8"), NOTHING);
  assert.deepEqual(parseBootWords(""), NOTHING);
});

test("only whole words count", () => {
  assert.deepEqual(parseBootWords("nukenot xnuke nuke=1 no-nuke expert2 pxelinux innet=1 nonet lifeboat=x"), NOTHING);
  assert.deepEqual(parseBootWords("xipconf=eth0:dhcp ipconfx=1 my.serial=/dev/ttyS0 ipconf"), NOTHING);
});

test("of several modes compare goes before nuke, nuke before expert, expert before interactive", () => {
  const cases: readonly (readonly [line: string, mode: string])[] = [
    ["interactive expert nuke compare", "compare"],
    ["expert nuke interactive", "nuke"],
    ["interactive expert", "expert"],
    ["interactive", "interactive"],
  ];
  for (const [line, mode] of cases) assert.equal(parseBootWords(line).mode, mode, line);
});

test("every parameter of the table is read, the last of two equal ones wins", () => {
  const flags = Object.keys(FLAG_WORDS);
  const values = [...Object.keys(VALUE_WORDS), ...Object.keys(LOADER_WORDS)];
  const line = [...flags, ...values.map((name) => `${name}=first`), ...values.map((name) => `${name}=${name}=1`)].join(" ");
  const words = parseBootWords(line);
  assert.deepEqual([...words.flags], flags);
  assert.deepEqual(words.values, new Map(values.map((name) => [name, `${name}=1`])));
});

test("double quotes keep blanks together, wherever they stand in the word", () => {
  assert.deepEqual(splitWords('a "b c" d="e f"\tg"h i"j "unended k'), ["a", "b c", "d=e f", "gh ij", "unended k"]);
  assert.equal(parseBootWords('forcemods="nvme ahci"').values.get("forcemods"), "nvme ahci");
  assert.equal(parseBootWords('"forcemods=nvme ahci"').values.get("forcemods"), "nvme ahci");
  assert.equal(parseBootWords('pre="run nuke now"').mode, "interactive");
});

test("splitWords() gives back words that were quoted", () => {
  const word = fc.string({ minLength: 1 }).filter((text) => !text.includes('"'));
  fc.assert(fc.property(fc.array(word), (words) => assert.deepEqual(splitWords(words.map((text) => `"${text}"`).join(" ")), words)));
});

test("lifeboat.medium and the limits of the stages are read", () => {
  const limits = STAGE_NAMES.map((stage, index) => `lifeboat.timeout.${stage}=${index + 1}`);
  const words = parseBootWords(`lifeboat.medium=nfs://server/a=b ${limits.join(" ")} lifeboat.heap=32`);
  assert.equal(words.medium, "nfs://server/a=b");
  assert.deepEqual(
    [...words.timeoutsMs],
    STAGE_NAMES.map((stage, index) => [stage, (index + 1) * 1000]),
  );
  assert.deepEqual(words.problems, []);
});

test("a lifeboat word that is unknown or has no sense is a problem that names the nearest", () => {
  const cases: readonly (readonly [word: string, problem: string])[] = [
    ["lifeboat.medum=x", '"lifeboat.medum" as it must be a known one: the nearest is "lifeboat.medium"'],
    ["lifeboat.timeout.meda=5", '"lifeboat.timeout.meda" as it must be a known one: the nearest is "lifeboat.timeout.media"'],
    ["lifeboat.timeout.STAGE=5", '"lifeboat.timeout.STAGE" as it must be a known one: the nearest is "lifeboat.timeout.media"'],
    ["lifeboat.medium", '"lifeboat.medium" as it needs a value: write lifeboat.medium=VALUE'],
    ["lifeboat.medium=", '"lifeboat.medium" as it needs a value: write lifeboat.medium=VALUE'],
    ["lifeboat.timeout.media=0", '"lifeboat.timeout.media=0" as its value must be a number of seconds: "0"'],
    ["lifeboat.timeout.media=1m", '"lifeboat.timeout.media=1m" as its value must be a number of seconds: "1m"'],
    ["lifeboat.wype=X", '"lifeboat.wype" as it must be a known one: the nearest is "lifeboat.wipe"'],
    ["lifeboat.gate=quik", '"lifeboat.gate=quik" as its value must be one of full, quick: "quik"'],
    ["lifeboat.damage=yes", '"lifeboat.damage=yes" as its value must be one of accept: "yes"'],
    ["lifeboat.heap=big", '"lifeboat.heap=big" as its value must be a number of MiB: "big"'],
  ];
  for (const [word, problem] of cases)
    assert.deepEqual(parseBootWords(`quiet ${word} expert`).problems, [`Cannot use the boot word ${problem}`]);
  const [far] = parseBootWords("lifeboat.completely-different=1").problems;
  assert.match(far ?? "", /known one: there are lifeboat\.medium .* lifeboat\.timeout\.essential-modules .* lifeboat\.heap$/);
});

test("words that have texts are parted at commas, the last of two equal names wins, and what is refused is not taken", () => {
  const { own } = parseBootWords(
    "lifeboat.wipe=A lifeboat.wipe=B,,C lifeboat.gate=quick lifeboat.gate=nonsense lifeboat.medium=usb:/dev/sda,x",
  );
  assert.deepEqual(
    [...own],
    [
      ["lifeboat.wipe", ["B", "C"]],
      ["lifeboat.gate", ["quick"]],
      ["lifeboat.medium", ["usb:/dev/sda", "x"]],
    ],
  );
});

test("each word of the table is described in one sentence", () => {
  const all: readonly (readonly [string, WordText])[] = [MODE_WORDS, FLAG_WORDS, VALUE_WORDS, LOADER_WORDS, OWN_WORDS].flatMap((table) =>
    Object.entries(table),
  );
  for (const [name, { says }] of all) assert.match(says, /^[A-Z][^\n]*[^.]\.$/, name);
});
