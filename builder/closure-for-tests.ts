// Trees of programs and libraries for the tests of the file closure.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after } from "node:test";
import { makeElf, type ElfRecipe } from "../formats/elf-for-tests.ts";
import type { WantedFile } from "./file-closure.ts";

const scratch = mkdtempSync(join(tmpdir(), "lifeboat-closure-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

export type Content = string | Partial<ElfRecipe> | { readonly link: string };

/** A root directory from paths to texts, ELF recipes and links. */
export function makeRoot(files: Readonly<Record<string, Content>>): string {
  const root = mkdtempSync(join(scratch, "t-"));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    if (typeof content === "object" && "link" in content) symlinkSync(content.link, join(root, path));
    else
      writeFileSync(
        join(root, path),
        typeof content === "string" ? content : makeElf({ bits: 64, endian: "little", machine: 62, ...content }),
      );
    if (typeof content === "string" || !("link" in content)) chmodSync(join(root, path), 0o755);
  }
  return root;
}

export const LOADER = "/lib64/ld-linux-x86-64.so.2";
export const BASE: Readonly<Record<string, Content>> = {
  lib64: { link: "usr/lib64" },
  "usr/lib64/ld-linux-x86-64.so.2": { soname: "ld-linux-x86-64.so.2" },
  "usr/lib/libc.so.6": { soname: "libc.so.6", needed: ["ld-linux-x86-64.so.2"] },
};

export function want(name: string, need: WantedFile["need"] = "required"): WantedFile {
  return { name, need, because: [`${name} is tried`] };
}
