// Reads /etc/os-release (man os-release): which distribution this is.

export interface OsRelease {
  /** Lower-case name, such as `debian`; `linux` when the file names none, as the man page says. */
  readonly id: string;
  /** The distributions this one descends from, nearest first. */
  readonly idLike: readonly string[];
  readonly versionId: string | undefined;
  readonly prettyName: string;
}

export function parseOsRelease(text: string): OsRelease {
  const fields = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, name, value] = /^\s*([A-Z][A-Z0-9_]*)=(.*?)\s*$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) fields.set(name, unquote(value));
  }
  const id = fields.get("ID")?.toLowerCase() ?? "linux";
  return {
    id,
    idLike: (fields.get("ID_LIKE") ?? "").split(/\s+/).filter((word) => word !== ""),
    versionId: fields.get("VERSION_ID"),
    prettyName: fields.get("PRETTY_NAME") ?? fields.get("NAME") ?? id,
  };
}

// Shell quoting without expansion: in double quotes a backslash keeps $ " \ and ` as they are.
function unquote(value: string): string {
  if (/^'.*'$/.test(value)) return value.slice(1, -1);
  const inner = /^".*"$/.test(value) ? value.slice(1, -1) : value;
  return inner.replace(/\\(["$\\`'])/g, "$1");
}
