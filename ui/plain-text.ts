// Text that any terminal can show: plain ASCII without control characters, whatever a device calls itself.

/** Tabs become blanks, an ellipsis three dots, a dash a hyphen; what else is not printable ASCII becomes `?`. */
export function plainLine(text: string): string {
  return text
    .replace(/…/g, "...")
    .replace(/[–—]/g, "-")
    .replace(/\t/g, "  ")
    .replace(/[^\x20-\x7e]/gu, "?");
}

/** Lines of at most `columns`, broken at blanks where there are some; what goes on is indented by two. */
export function wrapLine(text: string, columns: number): readonly string[] {
  const lines: string[] = [];
  let rest = text;
  while (rest.length > columns) {
    const blank = rest.lastIndexOf(" ", columns);
    const at = blank > columns / 2 ? blank : columns;
    lines.push(rest.slice(0, at).trimEnd());
    rest = `  ${rest.slice(at).trimStart()}`;
  }
  return [...lines, rest];
}
