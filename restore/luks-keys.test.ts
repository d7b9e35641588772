// Passphrases are known before anything is written, each typed twice, and none is empty.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { readBytes } from "#os/files";
import { makeLuks } from "../machine/luks-for-tests.ts";
import { BIOS_MACHINE } from "../machine/machine-for-tests.ts";
import { LUKS, LUKS_HEADER } from "../machine/stack-for-tests.ts";
import { planOfSteps } from "./plan-for-tests.ts";
import { askKeys, luksWarnings, requireKeys, requireOpening, sameKey } from "./luks-keys.ts";
import type { Step } from "./plan.ts";

const step = (id: string): Step => ({ kind: "create-luks", device: "/dev/vda3", luks: { ...LUKS, id } });
const PLAN = planOfSteps("set", [step("safe"), step("vault")]);

test("askKeys() asks until both are the same and not empty, for each volume", async () => {
  const answers = ["", "", "one", "two", "one", "one", "å b", "å b"];
  const asked: string[] = [];
  const keys = await askKeys(
    PLAN,
    async (question) => {
      asked.push(question);
      return answers.shift();
    },
    new Map(),
  );
  assert.deepEqual(asked, [
    "New passphrase for safe: ",
    "The same again: ",
    "It must not be empty. New passphrase for safe: ",
    "The same again: ",
    "They differ. New passphrase for safe: ",
    "The same again: ",
    "New passphrase for vault: ",
    "The same again: ",
  ]);
  assert.deepEqual(
    [keys.get("safe"), keys.get("vault")].map((key) => Buffer.from(key!).toString()),
    ["one", "å b"],
  );
});

test("askKeys() and requireKeys() refuse when nobody is there", async () => {
  const refusal = { exitCode: 3, message: 'Cannot restore as the passphrase of "safe" must be known beforehand: none was given' };
  await assert.rejects(
    askKeys(PLAN, async () => undefined, new Map()),
    refusal,
  );
  assert.throws(() => requireKeys(PLAN, new Map()), refusal);
  requireKeys(PLAN, sameKey(PLAN, new Uint8Array([1])));
  requireKeys({ ...PLAN, steps: [] }, new Map());
});

test("luksWarnings() says what will no longer open a volume", () => {
  const layout = (header: typeof LUKS_HEADER) => ({ ...BIOS_MACHINE.layout, stack: [{ ...LUKS, header }] });
  assert.deepEqual(luksWarnings(layout(LUKS_HEADER), new Set()), [
    '"safe" is encrypted anew, with a new passphrase: its old passphrase will not open it',
  ]);
  assert.deepEqual(luksWarnings(layout({ ...LUKS_HEADER, keySlots: 3, tokens: 1 }), new Set()), [
    '"safe" is encrypted anew, with a new passphrase: its old 3 passphrases or keys and 1 tokens will not open it',
  ]);
});

const scratch = await mkdtemp(join(tmpdir(), "lifeboat-keys-"));
after(() => rm(scratch, { recursive: true }));
const image = join(scratch, "image");
const luks = await makeLuks(image, 2);
const HEADERS = new Map([[luks.id, (await readBytes(image)).subarray(0, luks.header!.dataOffsetBytes)]]);
const WITH_HEADER = planOfSteps("set", [{ kind: "restore-luks-header", device: "/dev/vda3", luks }]);

test("askKeys() asks for the old passphrase of a header until it is one", async () => {
  const answers = ["", "three", "two"];
  const asked: string[] = [];
  const ask = async (question: string) => {
    asked.push(question);
    return answers.shift();
  };
  const keys = await askKeys(WITH_HEADER, ask, HEADERS);
  const question = "Passphrase that opened safe when the set was made: ";
  const again = `It does not open the header in the set. ${question}`;
  assert.deepEqual([asked, Buffer.from(keys.get("safe")!).toString()], [[question, again, again], "two"]);
});

test("requireOpening() refuses a key file that opens no slot of the header", async () => {
  const key = (text: string) => sameKey(WITH_HEADER, new TextEncoder().encode(text));
  await requireOpening(WITH_HEADER, key("one"), HEADERS);
  await requireOpening(PLAN, key("three"), new Map());
  await assert.rejects(requireOpening(WITH_HEADER, key("three"), HEADERS), {
    exitCode: 3,
    message: 'Cannot restore "safe" as the key must open the header that the set has of it: it does not',
  });
  assert.throws(() => requireKeys(WITH_HEADER, new Map()), { exitCode: 3 });
});

test("luksWarnings() says of a header from the set what it opens again", () => {
  const layout = { ...BIOS_MACHINE.layout, stack: [LUKS] };
  assert.deepEqual(luksWarnings(layout, new Set(), new Set(["safe"])), [
    '"safe" gets its old LUKS header back from the set: the passphrases, keys and tokens of that time open it, also those that were changed or taken away since',
  ]);
});
