// The project's digest: BLAKE2b-512, hexadecimal, as `b2sum` prints it.
import { createHash } from "node:crypto";
import { readChunks } from "#os/files";

export async function digestFile(path: string): Promise<string> {
  const hash = createHash("blake2b512");
  for await (const chunk of readChunks(path)) hash.update(chunk);
  return hash.digest("hex");
}

export function digestOf(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash("blake2b512");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}
