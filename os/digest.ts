// The project's digests, hexadecimal: BLAKE2b-512, as `b2sum` prints it, and for a set's data SHA-256 where the processor is quicker with it.
import { createHash, hash } from "node:crypto";
import { readChunks, readTextIfThere } from "#os/files";

export type DigestAlgorithm = "BLAKE2b-512" | "SHA-256";

const NAMES: Readonly<Record<DigestAlgorithm, string>> = { "BLAKE2b-512": "blake2b512", "SHA-256": "sha256" };

/** As the engine knows it, for threads that import nothing of ours. */
export function engineName(algorithm: DigestAlgorithm): string {
  return NAMES[algorithm];
}

const DEFAULT: DigestAlgorithm = "BLAKE2b-512";

/** Which one a digest is of: its length tells. */
export function algorithmOf(hex: string): DigestAlgorithm {
  return hex.length === 64 ? "SHA-256" : "BLAKE2b-512";
}

/** x86-64's and arm64's names for instructions that do SHA-256. */
const SHA_INSTRUCTIONS = /^(?:flags|Features)\s*:.*\b(?:sha_ni|sha2)\b/m;

/** With instructions of its own SHA-256 takes half the time of BLAKE2b-512, without them twice as much. */
export async function quickestDigest(): Promise<DigestAlgorithm> {
  return SHA_INSTRUCTIONS.test((await readTextIfThere("/proc/cpuinfo")) ?? "") ? "SHA-256" : "BLAKE2b-512";
}

export async function digestFile(path: string): Promise<string> {
  const digest = startDigest();
  for await (const chunk of readChunks(path)) digest.update(chunk);
  return digest.hex();
}

export function digestOf(...parts: readonly (string | Uint8Array)[]): string {
  const state = createHash(NAMES[DEFAULT]);
  for (const part of parts) state.update(part);
  return state.digest("hex");
}

/** A digest over what comes piece by piece. */
export interface Digest {
  update(bytes: Uint8Array): void;
  /** Ends it. */
  hex(): string;
}

export function startDigest(algorithm = DEFAULT): Digest {
  const state = createHash(NAMES[algorithm]);
  return { update: (bytes) => void state.update(bytes), hex: () => state.digest("hex") };
}

/** Of one piece: quicker than `digestOf` for thousands of small ones. */
export function digestOfBytes(bytes: Uint8Array, algorithm = DEFAULT): string {
  return hash(NAMES[algorithm], bytes, "hex");
}
