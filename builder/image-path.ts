// Where a file of this machine stands in the image: /bin, /sbin and /lib are links into /usr there, on every distribution.

const MERGED = /^(bin|sbin|lib|lib32|lib64|libx32)(?=\/|$)/;

/** `path` is absolute or relative; the answer is relative. Undefined for the links themselves, which the image has already. */
export function imagePath(path: string): string | undefined {
  const relative = path.replace(/^\/+/, "");
  if (/^(?:bin|sbin|lib|lib32|lib64|libx32)$/.test(relative)) return undefined;
  return relative.replace(MERGED, "usr/$1");
}

/** The target of a link, as seen from where the link stands in the image. */
export function imageTarget(target: string): string {
  return target.startsWith("/") ? `/${imagePath(target) ?? target.slice(1)}` : target;
}
