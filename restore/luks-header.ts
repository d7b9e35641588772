// A volume's header from the set, in a file for cryptsetup, which takes it from nowhere else; the file is gone when it is done.

import { run } from "#os/exec";
import { LifeboatError } from "#os/error";
import { makeTemporaryDirectory, writeFile } from "#os/files";
import type { Command } from "./stack-commands.ts";

/** Whether the passphrase or key opens one of its key slots. Needs no device. Throws LifeboatError (5) when cryptsetup makes nothing of the header. */
export async function opensHeader(header: Uint8Array, key: Uint8Array): Promise<boolean> {
  return withHeaderFile(header, async (file) => {
    const command: Command = ["cryptsetup", "open", "--test-passphrase", "--type=luks", "--key-file=-", file];
    const { exitCode, stderr } = await run(command, { input: key, okCodes: [EXIT_OPENED, EXIT_UNUSABLE, EXIT_NO_KEY] });
    if (exitCode !== EXIT_UNUSABLE) return exitCode === EXIT_OPENED;
    throw new LifeboatError(`Cannot open a LUKS header of the set as cryptsetup must take it for one: ${stderr.trim()}`, {
      exitCode: 5,
      hint: "The set is damaged; --accept-damage brings back what is whole",
    });
  });
}

/** cryptsetup(8), RETURN CODES */
const EXIT_OPENED = 0;
const EXIT_UNUSABLE = 1;
const EXIT_NO_KEY = 2;

export async function withHeaderFile<T>(header: Uint8Array, action: (file: string) => Promise<T>): Promise<T> {
  await using work = await makeTemporaryDirectory("lifeboat-luks-");
  const file = `${work.path}/header`;
  await writeFile(file, header, 0o600);
  return await action(file);
}
