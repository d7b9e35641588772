import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { compress, type Codec } from "#os/compression";
import { digestOf, digestOfBytes } from "#os/digest";
import { sharedBytes } from "#os/thread-pool";
import { startUnpackThreads } from "#os/unpack-threads";

const CODECS = ["none", "gzip", "zstd"] as const satisfies readonly Codec[];
const CONTENT = new TextEncoder().encode("a line of text that is there many times\n".repeat(5000));

async function stored(codec: Codec, content: Uint8Array = CONTENT): Promise<Uint8Array> {
  const bytes = await compress(content, codec, 1);
  const shared = sharedBytes(bytes.length);
  shared.set(bytes);
  return shared;
}

describe("unpack()", () => {
  for (const codec of CODECS) {
    test(`gives back the content by ${codec}, more at once than there are threads, with and without a digest`, async () => {
      await using threads = startUnpackThreads(codec);
      const all = Array.from({ length: 11 }, async (_, index) => {
        const content = CONTENT.slice(0, index === 0 ? 0 : CONTENT.length - index);
        const bytes = await stored(codec, content);
        const room = sharedBytes(content.length);
        const digest = [undefined, digestOfBytes(bytes), digestOfBytes(bytes, "SHA-256")][index % 3];
        assert.equal(await threads.unpack({ stored: bytes, digest, room }), undefined);
        assert.deepEqual(room.slice(), content);
      });
      await Promise.all(all);
    });

    test(`says of ${codec} that there are more bytes or fewer than there should be, and of a digest that it is another`, async () => {
      await using threads = startUnpackThreads(codec);
      const bytes = await stored(codec);
      for (const sizeBytes of [1, CONTENT.length - 1, CONTENT.length + 1]) {
        const problem = await threads.unpack({ stored: bytes, digest: undefined, room: sharedBytes(sizeBytes) });
        assert.match(problem ?? "", new RegExp(`^it must have ${sizeBytes} bytes of ${codec} data: `));
      }
      const room = sharedBytes(CONTENT.length);
      assert.equal(await threads.unpack({ stored: bytes, digest: digestOf("other"), room }), "its digest is another");
      const other = digestOfBytes(new Uint8Array(1), "SHA-256");
      assert.equal(await threads.unpack({ stored: bytes, digest: other, room: undefined }), "its digest is another");
      assert.equal(await threads.unpack({ stored: bytes, digest: digestOf(bytes), room: undefined }), undefined);
      assert.ok(room.every((byte) => byte === 0));
    });
  }

  test("finds a flipped byte of zstd and gzip without a digest, and unpacks no bomb", async () => {
    for (const codec of ["gzip", "zstd"] as const) {
      await using threads = startUnpackThreads(codec);
      const bytes = await stored(codec);
      bytes[bytes.length >> 1]! ^= 1;
      assert.match((await threads.unpack({ stored: bytes, digest: undefined, room: sharedBytes(CONTENT.length) })) ?? "", /^it must have /);
      const bomb = await stored(codec, new Uint8Array(64 * 1024 * 1024));
      assert.match((await threads.unpack({ stored: bomb, digest: undefined, room: sharedBytes(1000) })) ?? "", /^it must have 1000 /);
    }
  });
});
