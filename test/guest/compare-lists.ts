// Two lists of file-list.pl, compared line by line.

/** What a line says, in this order; file-list.pl says what each means. */
const FIELDS = ["path", "type", "mode", "uid", "gid", "size", "mtime", "links", "device", "target", "digest", "xattrs", "flags"] as const;

export interface ListDifference {
  /** As in the list, with %XX for odd bytes. */
  readonly path: string;
  /** The fields that differ; none when the path is in one list only. */
  readonly fields: readonly string[];
  /** The line of the first list; undefined when it has none for this path. */
  readonly expected: string | undefined;
  readonly found: string | undefined;
}

/** Sorted by path. `ignore` has exact paths as the lists write them. */
export function compareLists(expected: string, found: string, ignore: readonly string[] = []): readonly ListDifference[] {
  const [before, after] = [linesByPath(expected), linesByPath(found)];
  for (const path of ignore) {
    before.delete(path);
    after.delete(path);
  }
  const paths = [...new Set([...before.keys(), ...after.keys()])].sort();
  return paths.flatMap((path) => {
    const [old, now] = [before.get(path), after.get(path)];
    return old === now ? [] : [{ path, fields: changedFields(old, now), expected: old, found: now }];
  });
}

/** A line for a person: the path and what was and is. */
export function describeDifference({ path, fields, expected, found }: ListDifference): string {
  if (expected === undefined) return `${path}: must not be there`;
  if (found === undefined) return `${path}: is missing`;
  const [old, now] = [expected.split("\t"), found.split("\t")];
  const changes = fields.map((field) => {
    const index = FIELDS.findIndex((name) => name === field);
    return `${field} ${old[index] ?? ""} is ${now[index] ?? ""}`;
  });
  return `${path}: ${changes.join(", ")}`;
}

function linesByPath(list: string): Map<string, string> {
  const lines = list.split("\n").filter((line) => line !== "");
  return new Map(lines.map((line) => [line.split("\t", 1)[0] ?? "", line]));
}

function changedFields(old: string | undefined, now: string | undefined): readonly string[] {
  if (old === undefined || now === undefined) return [];
  const [before, after] = [old.split("\t"), now.split("\t")];
  return FIELDS.filter((_field, index) => before[index] !== after[index]);
}
