// A module's name, from its path or as somebody typed it (kmod: up to the first dot of the base name, "-" is "_").

/** `kernel/drivers/net/snd-pcm.ko.xz` is `snd_pcm`. */
export function moduleNameOf(path: string): string {
  return normalizeModuleName(path.slice(path.lastIndexOf("/") + 1));
}

/** The same for a bare name: cut at the first dot, dashes become underscores. */
export function normalizeModuleName(name: string): string {
  const dot = name.indexOf(".");
  return (dot === -1 ? name : name.slice(0, dot)).replace(/-/g, "_");
}

/** `.ko`, `.ko.gz`, `.ko.xz` or `.ko.zst`, with something before it. */
export function hasModuleExtension(path: string): boolean {
  return /[^/]\.ko(?:\.gz|\.xz|\.zst)?$/.test(path);
}
