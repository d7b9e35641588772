// EFI programs: bytes written by hand, GRUB's own maker and a signing tool as oracles, and damage.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test, type TestContext } from "node:test";
import * as fc from "fast-check";
import { run } from "#os/exec";
import { sketchedProgram, type ProgramSketch } from "./pe-for-tests.ts";
import { readEfiProgram } from "./pe.ts";

const scratch = await mkdtemp(join(tmpdir(), "lifeboat-pe-"));
after(() => rm(scratch, { recursive: true }));

describe("readEfiProgram()", () => {
  const cases: readonly (readonly [what: string, made: ProgramSketch, architecture: string | undefined, isSigned: boolean])[] = [
    ["x86-64 without a signature", { machine: 0x8664, magic: 0x20b }, "x64", false],
    ["x86-64 with one", { machine: 0x8664, magic: 0x20b, certificateBytes: 1472 }, "x64", true],
    ["arm64", { machine: 0xaa64, magic: 0x20b, certificateBytes: 8 }, "aa64", true],
    ["i386, whose header is shorter", { machine: 0x14c, magic: 0x10b, certificateBytes: 8 }, "ia32", true],
    ["one that has no such directory", { machine: 0x14c, magic: 0x10b, directories: 4, certificateBytes: 8 }, "ia32", false],
    ["a machine that UEFI has no name for", { machine: 0x1234, magic: 0x20b }, undefined, false],
  ];
  for (const [what, facts, architecture, isSigned] of cases) {
    test(`knows ${what}`, () => assert.deepEqual(readEfiProgram(sketchedProgram(facts)), { architecture, isSigned }));
  }

  test("reads what grub-mkimage makes, before and after it is signed", async (context: TestContext) => {
    const [plain, signed, key, certificate] = ["grub.efi", "signed.efi", "key.pem", "cert.pem"].map((name) => join(scratch, name));
    await run(["grub-mkimage", "-O", "x86_64-efi", "-p", "/boot/grub", "-o", plain!, "ext2"]);
    assert.deepEqual(readEfiProgram(await readFile(plain!)), { architecture: "x64", isSigned: false });
    const tool = await run(["osslsigncode", "--version"], { okCodes: [0, 1] }).catch(() => undefined);
    if (tool === undefined) return context.skip("there is no osslsigncode here");
    const request = ["req", "-new", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=test", "-keyout", key!, "-out", certificate!];
    await run(["openssl", ...request]);
    await run(["osslsigncode", "sign", "-certs", certificate!, "-key", key!, "-in", plain!, "-out", signed!]);
    assert.deepEqual(readEfiProgram(await readFile(signed!)), { architecture: "x64", isSigned: true });
  });

  const damaged: readonly (readonly [what: string, bytes: Uint8Array, message: RegExp])[] = [
    ["nothing", new Uint8Array(0), /^Cannot read the EFI program "x\.efi" as "e_magic" must lie inside it/],
    ["a script", new TextEncoder().encode("#!/bin/sh\n".repeat(20)), /as it must begin with "MZ": it does not$/],
    ["a program for DOS", sketchedProgram({ machine: 0, magic: 0x20b }).fill(0, 0x80), /as "e_lfanew" must point to "PE"/],
    [
      "one of an unknown kind",
      sketchedProgram({ machine: 0, magic: 0x107 as 0x10b }),
      /as "Magic" must be that of PE32 or PE32\+: it is 0x107$/,
    ],
    ["one that is cut short", sketchedProgram({ machine: 0x8664, magic: 0x20b }).slice(0, 0x100), /must lie inside it/],
  ];
  for (const [what, bytes, message] of damaged) {
    test(`refuses ${what}`, () => assert.throws(() => readEfiProgram(bytes, "x.efi"), { name: "LifeboatError", message }));
  }

  test("says of any bytes what they are, or that they are none", () => {
    const head = [...sketchedProgram({ machine: 0x8664, magic: 0x20b })];
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(511), fc.nat(255)), { maxLength: 20 }), (changes) => {
        const bytes = new Uint8Array(head);
        for (const [at, value] of changes) bytes[at] = value;
        try {
          assert.equal(typeof readEfiProgram(bytes).isSigned, "boolean");
        } catch (error) {
          assert.equal((error as Error).name, "LifeboatError");
        }
      }),
    );
  });
});
