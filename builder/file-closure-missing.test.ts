// What the file closure does about programs and libraries that are missing or damaged.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { LifeboatError } from "#os/error";
import { BASE, LOADER, makeRoot, want, type Content } from "./closure-for-tests.ts";
import { fileClosure } from "./file-closure.ts";

async function closureOf(files: Readonly<Record<string, Content>>, names: readonly string[]) {
  return fileClosure(
    names.map((name) => want(name)),
    { root: makeRoot({ ...BASE, ...files }), dlopens: [] },
  );
}

describe("what is missing", () => {
  const files = { "usr/bin/p": { interpreter: LOADER, needed: ["libx.so"] }, "usr/lib/libx.so": { needed: ["libgone.so.1"] } };

  test("is an error that names library and program when the program is required", async () => {
    await assert.rejects(closureOf(files, ["p"]), (error) => {
      assert.ok(error instanceof LifeboatError);
      assert.match(
        error.message,
        /^Cannot take "\/usr\/lib\/libx\.so" into the image as its library "libgone\.so\.1" must be there: it is in none of .*\/usr\/lib/,
      );
      assert.match(error.hint ?? "", /Install the package that has libgone\.so\.1.*usr\/bin\/p needs libx\.so; p is tried$/);
      return true;
    });
    await assert.rejects(
      closureOf({ ...files, "usr/lib/libgone.so.1": { machine: 3, bits: 32 } }, ["p"]),
      /"\/usr\/lib\/libgone\.so\.1" is for another machine/,
    );
    await assert.rejects(closureOf({}, ["p"]), /Cannot take "p" into the image as it must be there: it is in none of usr\/sbin, usr\/bin/);
    await assert.rejects(closureOf({ p: { interpreter: "/lib/none.so" } }, ["/p"]), /as its loader must be there: no "\/lib\/none\.so"/);
  });

  test("leaves out an optional program with all that only it would bring", async () => {
    const root = makeRoot({ ...BASE, ...files, "usr/bin/q": {} });
    const closure = await fileClosure([want("p", "optional"), want("q"), want("nowhere", "optional")], { root, dlopens: [] });
    assert.deepEqual(
      closure.entries.map((entry) => entry.path),
      ["usr/bin/q"],
    );
    assert.deepEqual(
      closure.missing.map((one) => [one.name, one.kind, one.because]),
      [
        ["p", "incomplete", ["p is tried"]],
        ["nowhere", "absent", ["nowhere is tried"]],
      ],
    );
    assert.match(closure.missing[0]?.state ?? "", /libgone\.so\.1/);
  });
});

describe("optional programs", () => {
  const optional = (root: string) => fileClosure([want("p", "optional")], { root, dlopens: [] });

  test("that are scripts without their interpreter are left out as incomplete, by name and state", async () => {
    const { missing, entries } = await optional(makeRoot({ "usr/local/sbin/p": "#!/opt/gone/perl\n" }));
    const state = 'Cannot take "/opt/gone/perl" into the image as it must be there: there is no such file';
    assert.deepEqual([missing, entries], [[{ name: "p", kind: "incomplete", state, because: ["p is tried"] }], []]);
  });

  test("that are damaged, or whose libraries are, fail", async () => {
    const program = { interpreter: LOADER, needed: ["libx.so"] };
    const root = makeRoot({ ...BASE, "usr/bin/p": program, "usr/lib/libx.so": {} });
    const damage = [
      ["usr/bin/p", (bytes: Uint8Array) => bytes.subarray(0, -1), /must lie inside it/],
      ["usr/bin/p", (bytes: Uint8Array) => bytes.subarray(0, 40), /must lie inside it/],
      ["usr/bin/p", () => new Uint8Array(), /it is empty$/],
      ["usr/lib/libx.so", (bytes: Uint8Array) => bytes.subarray(0, 60), /must lie inside it/],
      ["usr/lib/libx.so", () => new Uint8Array(), /it is empty$/],
    ] as const;
    for (const [path, change, state] of damage) {
      const whole = new Uint8Array(readFileSync(join(root, path)));
      writeFileSync(join(root, path), change(whole));
      await assert.rejects(optional(root), (error: LifeboatError) => {
        assert.match(error.message, new RegExp(`^Cannot take "/${path}" into the image as it must be whole: `));
        assert.match(error.message, state);
        return error.exitCode === 3;
      });
      writeFileSync(join(root, path), whole);
    }
    assert.deepEqual((await optional(root)).missing, []);
  });
});
