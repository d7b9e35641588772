// For tests: LUKS volumes that cryptsetup makes in plain files, which takes no device mapper.

import { run } from "#os/exec";
import { readRange, writeFile } from "#os/files";
import { LUKS_HEADER_BYTES, parseLuks } from "./parse-luks.ts";
import { LUKS } from "./stack-for-tests.ts";
import type { LuksVolume } from "./stacked-device.ts";

/** Quick ones, which guard nothing. */
const DERIVATION = ["--pbkdf=pbkdf2", "--pbkdf-force-iterations=1000"];

export const LUKS_UUID = "a652cb0d-66a5-4a0e-a09a-b106fdf49af7";

/** With two key slots, `one` and `two`. Returns what the machine's model says of it. */
export async function makeLuks(image: string, version: 1 | 2, words: readonly string[] = []): Promise<LuksVolume> {
  await writeFile(image, "");
  await run(["truncate", "-s", "64M", image]);
  const common = ["--batch-mode", "--key-file=-", ...DERIVATION];
  await run(["cryptsetup", "luksFormat", ...common, `--type=luks${version}`, `--uuid=${LUKS_UUID}`, ...words, image], { input: "one" });
  const keys = `${image}.two`;
  await writeFile(keys, "two");
  await run(["cryptsetup", "luksAddKey", ...common, image, keys], { input: "one" });
  const found = parseLuks(await readRange(image, 0, LUKS_HEADER_BYTES));
  const told = found?.header ?? { why: "no LUKS" };
  const [header, problem] = "why" in told ? [undefined, told.why] : [told, undefined];
  return { ...LUKS, uuid: found?.uuid, header, problem };
}
