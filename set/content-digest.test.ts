// Digests of files as they pass: b2sum is the oracle for dense ones; holes change nothing in sparse ones.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import * as fc from "fast-check";
import { digestOf, type DigestAlgorithm } from "#os/digest";
import { run, runBytes } from "#os/exec";
import { handmade, scanTar, TAR_END, concat } from "../formats/tar-for-tests.ts";
import type { TarMember } from "../formats/tar-read.ts";
import { attributesDigest, contentDigest, type DigestKind } from "./content-digest.ts";

const scratch = mkdtempSync(join(tmpdir(), "lifeboat-digest-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

const PLAIN = scanTar(concat(handmade({}), TAR_END)).members[0]!.member;

function digestIn(
  member: TarMember,
  data: Uint8Array,
  { kind, lengths = [], algorithm = "BLAKE2b-512" }: { kind?: DigestKind; lengths?: readonly number[]; algorithm?: DigestAlgorithm } = {},
): string {
  const digest = contentDigest(member, algorithm, kind);
  let at = 0;
  for (const length of [...lengths, data.length]) {
    const piece = data.slice(at, at + length);
    // The scanner hands on no empty pieces.
    if (piece.length > 0) digest.push(piece);
    at += piece.length;
  }
  return digest.hex();
}

const ofSize = (sizeBytes: number): TarMember => ({ ...PLAIN, sizeBytes, storedBytes: sizeBytes });

const PROGRAMS = [
  ["b2sum", "BLAKE2b-512"],
  ["sha256sum", "SHA-256"],
] as const;

for (const [program, algorithm] of PROGRAMS) {
  test(`contentDigest() of a file without holes is what ${program} prints, in whatever pieces it comes`, async () => {
    for (const size of [0, 1, 4096, 100_000]) {
      const bytes = Uint8Array.from({ length: size }, (_, index) => index % 251);
      const [printed] = (await run([program], { input: bytes })).stdout.split(" ");
      for (const lengths of [[], [1], [size - 1, 1], [300, 0, 5000]])
        assert.equal(digestIn(ofSize(size), bytes, { lengths, algorithm }), printed);
    }
  });
}

/** A file with holes as GNU tar stores it, and as readers see it. */
async function sparseMember(name: string, script: string) {
  await run(["sh", "-c", script], { cwd: scratch });
  const [only] = scanTar(await runBytes(["tar", "-cf-", "--format=posix", "--sparse", "-C", scratch, name])).members;
  return only!;
}

test("a dense digest of a sparse file is what b2sum and sha256sum print", async () => {
  const script = "truncate -s 1000001 s; printf island | dd of=s bs=1 seek=500000 conv=notrunc status=none";
  const { member, data } = await sparseMember("s", script);
  assert.ok(member.isSparse);
  for (const [program, algorithm] of PROGRAMS) {
    const [printed] = (await run([program, join(scratch, "s")])).stdout.split(" ");
    assert.equal(digestIn(member, data, { kind: "dense", algorithm }), printed);
  }
});

test("a sparse digest is over the blocks that are not zero, each after its offset", async () => {
  const content = Buffer.alloc(9000);
  content.write("end", 8997);
  content.write("begin");
  const offset = (value: number) => Buffer.from(BigUint64Array.of(BigInt(value)).buffer);
  const expected = digestOf(offset(0), content.subarray(0, 4096), offset(8192), content.subarray(8192));
  assert.equal(digestIn(ofSize(9000), content, { kind: "sparse", lengths: [100, 5000] }), expected);
});

test("a sparse digest does not depend on where the holes are", async () => {
  const { member, data } = await sparseMember(
    "holes",
    "truncate -s 3000001 holes; for at in 0 100 4095 70000 2999995; do printf island | dd of=holes bs=1 seek=$at conv=notrunc status=none; done",
  );
  assert.ok(member.isSparse);
  writeFileSync(join(scratch, "full"), await runBytes(["cat", join(scratch, "holes")]));
  const full = await runBytes(["cat", join(scratch, "full")]);
  assert.equal(digestIn(member, data), digestIn(ofSize(full.length), full, { kind: "sparse" }));
});

test("a sparse digest takes what lies between extents of any bounds for zero", () => {
  const map = Buffer.alloc(512);
  map.write("2\n0\n4096\n5000\n3\n");
  const data = concat(map, new Uint8Array(4096).fill(120), new Uint8Array(3).fill(121));
  const content = Buffer.alloc(9000);
  content.fill("x", 0, 4096).fill("y", 5000, 5003);
  const member: TarMember = { ...PLAIN, sizeBytes: 9000, storedBytes: data.length, isSparse: true };
  assert.equal(digestIn(member, data), digestIn(ofSize(9000), content, { kind: "sparse" }));
  assert.equal(digestIn(member, data, { kind: "dense" }), digestOf(content));
});

test("a sparse digest is the same in whatever pieces the content comes, beyond 4 GiB too", async () => {
  const bytes = Uint8Array.from({ length: 20_000 }, (_, index) => (Math.floor(index / 4096) % 2 === 0 ? index : 0));
  const whole = digestIn(ofSize(bytes.length), bytes, { kind: "sparse" });
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 9000 })), (lengths) => {
      assert.equal(digestIn(ofSize(bytes.length), bytes, { kind: "sparse", lengths }), whole);
    }),
  );
  const { member, data } = await sparseMember(
    "far",
    "truncate -s 20G far; printf x | dd of=far bs=1 seek=10000000000 conv=notrunc status=none",
  );
  const block = Buffer.alloc(4096);
  block.write("x", 10_000_000_000 % 4096);
  const place = 10_000_000_000 - (10_000_000_000 % 4096);
  assert.equal(digestIn(member, data), digestOf(Buffer.from(BigUint64Array.of(BigInt(place)).buffer), block));
});

test("attributesDigest() depends on keys and values, not on their order", () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  const one = new Map([
    ["a", bytes("1")],
    ["b", bytes("2")],
  ]);
  assert.equal(attributesDigest(new Map()), undefined);
  assert.equal(attributesDigest(one), digestOf("a", "\0", "1", "\0", "1", "b", "\0", "1", "\0", "2"));
  assert.equal(attributesDigest(new Map([...one].reverse())), attributesDigest(one));
  assert.notEqual(attributesDigest(new Map([["a", bytes("1b")]])), attributesDigest(one));
});
