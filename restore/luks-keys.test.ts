// Passphrases are known before anything is written, each typed twice, and none is empty.
import assert from "node:assert/strict";
import { test } from "node:test";
import { BIOS_MACHINE } from "../machine/machine-for-tests.ts";
import { LUKS, LUKS_HEADER } from "../machine/stack-for-tests.ts";
import { planOfSteps } from "./plan-for-tests.ts";
import { askKeys, luksWarnings, requireKeys, sameKey } from "./luks-keys.ts";
import type { Step } from "./plan.ts";

const step = (id: string): Step => ({ kind: "create-luks", device: "/dev/vda3", luks: { ...LUKS, id } });
const PLAN = planOfSteps("set", [step("safe"), step("vault")]);

test("askKeys() asks until both are the same and not empty, for each volume", async () => {
  const answers = ["", "", "one", "two", "one", "one", "å b", "å b"];
  const asked: string[] = [];
  const keys = await askKeys(PLAN, async (question) => {
    asked.push(question);
    return answers.shift();
  });
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
    askKeys(PLAN, async () => undefined),
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
