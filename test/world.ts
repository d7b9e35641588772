// Builds what scenarios share, with the real binary, and keeps it under out/test.

import { join } from "node:path";
import * as v from "valibot";
import { run } from "#os/exec";
import { makeDirectory, removeTree } from "#os/files";
import { makeBinary } from "../builder/make-binary.ts";
import { guestMaker } from "./guest/guest.ts";
import type { BuiltImage, World } from "./scenario.ts";

const ROOT = join(import.meta.dirname, "..");
const OUT = join(ROOT, "out/test");

const Report = v.object({ output: v.string(), buildId: v.string(), kernel: v.object({ release: v.string() }) });
type Report = v.InferOutput<typeof Report>;

export function makeWorld(): World {
  const iso = once(() => build("rescue.iso", ["--format", "iso"]));
  const withoutCd = once(() => build("no-cd.iso", ["--deny-module", "sr_mod", "--append", "lifeboat.timeout.media=8"]));
  const usb = once(() => build("stick.img", ["--format", "usb"]));
  const pxe = once(() => build("pxe", ["--format", "pxe"]));
  return {
    iso: async () => asImage(await iso()),
    isoWithoutCdDriver: async () => asImage(await withoutCd()),
    usbImage: async () => asImage(await usb()),
    pxeTree: async () => asImage(await pxe()),
    kernelRelease: async () => (await iso()).kernel.release,
    guest: guestMaker(join(OUT, "guests")),
    guestDirectory: join(OUT, "guests"),
    workDirectory: async (name) => {
      const path = join(OUT, "runs", name);
      await removeTree(path);
      await makeDirectory(path);
      return path;
    },
  };
}

/** The single binary, made when the sources have changed. */
export async function binaryPath(): Promise<string> {
  return (await makeBinary(ROOT, join(ROOT, "out/lifeboat"))).path;
}

async function build(name: string, words: readonly string[]): Promise<Report> {
  const binary = await binaryPath();
  await makeDirectory(OUT);
  const result = await run([binary, "build", "--output", join(OUT, name), "--force", "--json", "--firmware", "none", ...words]);
  return v.parse(Report, JSON.parse(result.stdout));
}

function asImage({ output, buildId }: Report): BuiltImage {
  return { path: output, buildId };
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
