// For tests: the real command line in a process of its own, and a small kernel to point it at.

import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { run } from "#os/exec";

export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export const MAIN = join(import.meta.dirname, "main.ts");

/** `lifeboat ARGS` as a command for os/exec.ts. */
export function commandOf(...args: readonly string[]): readonly [string, ...string[]] {
  return [process.execPath, MAIN, ...args];
}

interface Place {
  /** The checkout that is run; this one unless given. */
  readonly checkout?: string;
  /** Where temporary files go. */
  readonly temporaryDirectory?: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs `lifeboat ARGS` to its end. */
export async function lifeboat(
  args: readonly string[],
  { checkout, temporaryDirectory = tmpdir(), cwd = ".", env = {} }: Place = {},
): Promise<CommandResult> {
  const main = checkout === undefined ? MAIN : join(checkout, "cli/main.ts");
  return run([process.execPath, main, ...args], {
    okCodes: [0, 1, 2, 3, 4, 5, 255],
    cwd,
    env: { TMPDIR: temporaryDirectory, SOURCE_DATE_EPOCH: "", ...env },
    timeoutMs: 50_000,
  });
}

export interface Scratch extends AsyncDisposable {
  readonly path: string;
}

export async function makeScratch(): Promise<Scratch> {
  const path = await mkdtemp(join(tmpdir(), "lifeboat-cli-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

/** A copy of the sources in `root`; without a binary, or with a shell script in its place, which is packed much faster. */
export async function makeCheckout(root: string, agent?: string): Promise<string> {
  const checkout = join(root, "checkout");
  const here = dirname(import.meta.dirname);
  const rooms = (await readdir(here, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  for (const { name } of rooms.filter((room) => !/^(?:\..*|docs|kernel-modules|node_modules|out|set-up|test)$/.test(room.name)))
    await cp(join(here, name), join(checkout, name), { recursive: true });
  await cp(join(here, "package.json"), join(checkout, "package.json"));
  await symlink(join(here, "node_modules"), join(checkout, "node_modules"));
  if (agent === undefined) return checkout;
  await mkdir(join(checkout, "out"));
  await writeFile(join(checkout, "out/lifeboat"), agent, { mode: 0o755 });
  return checkout;
}

/** Every path below a directory, sorted. */
export async function pathsIn(directory: string): Promise<readonly string[]> {
  return (await readdir(directory, { recursive: true })).sort();
}

export interface KernelRecipe {
  /** What the image tells; the modules' release unless given. */
  readonly told?: string;
  /** The files of the module directory; a modules.alias without aliases unless given. */
  readonly modules: Readonly<Record<string, string | Uint8Array>>;
}

export const RELEASE = "6.1.0-test";

/** Writes an image that tells its release and nothing else, and its modules; returns the image's path. */
export async function makeKernel(root: string, { told = RELEASE, modules }: KernelRecipe): Promise<string> {
  const image = join(root, `boot/vmlinuz-${told}`);
  await put(image, bzImage(told));
  const files = { "modules.alias": "# Aliases extracted from modules themselves.\n", ...modules };
  for (const [name, content] of Object.entries(files)) await put(join(root, "lib/modules", RELEASE, name), content);
  return image;
}

/** A relocatable object with a .modinfo section, as the compiler of a kernel module leaves it. Needs `as`. */
export async function makeModule(directory: string, ...modinfo: readonly string[]): Promise<Uint8Array> {
  const source = join(directory, "module.s");
  await writeFile(source, `.section .modinfo,"a"\n${modinfo.map((entry) => `.asciz "${entry}"\n`).join("")}`);
  await run(["as", source, "-o", join(directory, "module.ko")]);
  return readFile(join(directory, "module.ko"));
}

/** The part of a bzImage that tells its version (Linux Documentation/arch/x86/boot.rst). */
function bzImage(release: string): Uint8Array {
  const bytes = new Uint8Array(0x1000);
  bytes.set(new TextEncoder().encode("HdrS"), 0x202);
  bytes.set([0x0f, 0x02], 0x206);
  bytes.set([0x00, 0x06], 0x20e);
  // Four sectors of setup, then 0x60 paragraphs, which end where the file does.
  bytes[0x1f1] = 4;
  bytes[0x1f4] = 0x60;
  bytes.set(new TextEncoder().encode(`${release} (build@host) #1 SMP\0`), 0x800);
  return bytes;
}

async function put(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}
