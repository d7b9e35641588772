// Whether a medium holds this image, and where: a URL may name the `lifeboat` directory itself or the one above it.

import { LifeboatError } from "#os/error";
import { BUILD_ID_FILE, MEDIUM_DIRECTORY } from "../set/image-manifest.ts";
import type { Medium } from "./medium.ts";

export type ImageSearch =
  /** The files of the image are called `lifeboat/…` on this medium, whatever the one that was given calls them. */
  | { readonly kind: "found"; readonly medium: Medium }
  | { readonly kind: "other-build"; readonly buildId: string }
  | { readonly kind: "none" };

/** Looks for the image of `buildId`. Throws LifeboatError when the medium does not answer. */
export async function findImage(medium: Medium, buildId: string): Promise<ImageSearch> {
  let other: string | undefined;
  for (const directory of [`${MEDIUM_DIRECTORY}/`, ""]) {
    const found = buildIdOf(await medium.readSmall(`${directory}${BUILD_ID_FILE}`));
    if (found === buildId) return { kind: "found", medium: directory === "" ? above(medium) : medium };
    other ??= found;
  }
  return other === undefined ? { kind: "none" } : { kind: "other-build", buildId: other };
}

/** Like `findImage`, for a medium that was asked for by name. Throws LifeboatError unless this very build is there. */
export async function requireImage(medium: Medium, buildId: string): Promise<Medium> {
  const search = await findImage(medium, buildId);
  if (search.kind === "found") return search.medium;
  const state = search.kind === "none" ? "it holds none" : `it holds build ${search.buildId}`;
  throw new LifeboatError(`Cannot use ${medium.description} as it must hold build ${buildId}: ${state}`, {
    hint: "Put the files of this build there, or boot the kernel of the build that is there",
  });
}

/** Servers that answer any question with some page are not taken for a build. */
function buildIdOf(text: string | undefined): string | undefined {
  const word = text?.trim() ?? "";
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,47}$/.test(word) ? word : undefined;
}

function above(medium: Medium): Medium {
  const inside = (name: string) => (name.startsWith(`${MEDIUM_DIRECTORY}/`) ? name.slice(MEDIUM_DIRECTORY.length + 1) : `../${name}`);
  return {
    url: medium.url,
    description: medium.description,
    localPath: (name) => medium.localPath(inside(name)),
    readSmall: (name) => medium.readSmall(inside(name)),
    copyTo: (name, path) => medium.copyTo(inside(name), path),
    close: () => medium.close(),
  };
}
