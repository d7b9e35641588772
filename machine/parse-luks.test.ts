// Headers that cryptsetup itself has made, and lies in them.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { run } from "#os/exec";
import { LUKS_HEADER_BYTES, parseLuks } from "./parse-luks.ts";

const directory = mkdtempSync(join(tmpdir(), "lifeboat-luks-"));
after(() => rmSync(directory, { recursive: true }));

const UUID = "a652cb0d-66a5-4a0e-a09a-b106fdf49af7";

async function made(name: string, words: readonly string[]): Promise<Uint8Array> {
  const image = join(directory, name);
  writeFileSync(image, "");
  truncateSync(image, 64 << 20);
  const common = ["--batch-mode", "--key-file=-", `--uuid=${UUID}`, "--pbkdf-force-iterations=1000"];
  await run(["cryptsetup", "luksFormat", ...common, ...words, image], { input: "secret" });
  return readFileSync(image).subarray(0, LUKS_HEADER_BYTES);
}

test("parseLuks() reads what cryptsetup makes", async () => {
  const plain = { label: undefined, subsystem: undefined, keySlots: 1, tokens: 0 };
  assert.deepEqual(parseLuks(await made("one", ["--type=luks1", "--cipher=aes-cbc-essiv:sha256", "--key-size=256", "--hash=sha512"])), {
    uuid: UUID,
    header: {
      ...plain,
      version: 1,
      cipher: "aes-cbc-essiv:sha256",
      keyBits: 256,
      hash: "sha512",
      sectorBytes: 512,
      dataOffsetBytes: 2 << 20,
      derivation: "pbkdf2",
    },
  });
  const words = ["--type=luks2", "--pbkdf=pbkdf2", "--sector-size=4096", "--label=the safe", "--subsystem=boat", "--offset=16384"];
  assert.deepEqual(parseLuks(await made("two", words)), {
    uuid: UUID,
    header: {
      version: 2,
      cipher: "aes-xts-plain64",
      keyBits: 512,
      hash: "sha256",
      sectorBytes: 4096,
      dataOffsetBytes: 8 << 20,
      label: "the safe",
      subsystem: "boat",
      derivation: "pbkdf2",
      keySlots: 1,
      tokens: 0,
    },
  });
});

test("parseLuks() says of a header why it is not to be made again, and knows what is none", async () => {
  const head = Buffer.from(await made("damaged", ["--type=luks2", "--pbkdf=pbkdf2"]));
  const withJson = (change: (json: string) => string) => {
    const copy = Buffer.from(head);
    const json = copy.subarray(4096, 16384);
    const text = change(json.toString("latin1").replace(/\0+$/, ""));
    json.fill(0);
    json.write(text, "latin1");
    return parseLuks(copy)?.header;
  };
  assert.deepEqual(
    withJson((json) => json.slice(1)),
    { why: "its header's JSON is damaged" },
  );
  assert.deepEqual(
    withJson((json) => json.replace('"offset":"16777216","size":"dynamic"', '"offset":"0","size":"dynamic"')),
    {
      why: "its header stands on another device",
    },
  );
  assert.deepEqual(
    withJson((json) => json.replace('"size":"dynamic"', '"size":"4096"')),
    { why: "it covers a part of its device only" },
  );
  assert.deepEqual(parseLuks(head.subarray(0, 4096))?.header, { why: "its header is cut off" });
  assert.deepEqual(parseLuks(Buffer.from(head).fill(9, 6, 8))?.header, { why: "its header has version 2313" });
  assert.equal(parseLuks(head.subarray(0, 500)), undefined);
  assert.equal(parseLuks(new Uint8Array(4096)), undefined);
});
