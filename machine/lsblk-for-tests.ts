// For tests: what lsblk could say, written shortly.

import { parseLsblk, type LsblkDevice } from "./parse-lsblk.ts";

export interface Tree {
  readonly name: string;
  readonly type: string;
  readonly children?: readonly Tree[];
  readonly [column: string]: unknown;
}

export function forest(...blockdevices: readonly Tree[]): readonly LsblkDevice[] {
  return parseLsblk(JSON.stringify({ blockdevices }));
}

export function disk(name: string, ...children: readonly Tree[]): Tree {
  return { name, type: "disk", children };
}

export function part(name: string, fstype: string, ...children: readonly Tree[]): Tree {
  return { name, type: "part", fstype, children };
}

/** `kname` is the kernel's. */
export function mapped(name: string, [kname, type]: readonly [kname: string, type: string], ...children: readonly Tree[]): Tree {
  return { name, kname, type, path: `/dev/mapper/${name}`, children };
}
