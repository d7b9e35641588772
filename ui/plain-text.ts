// Text that no terminal obeys, whatever a device, a set or a file calls itself; and such that any terminal can show: plain ASCII.

/** Tabs become blanks, an ellipsis three dots, a dash a hyphen; what else is not printable ASCII becomes `?`. */
export function plainLine(text: string): string {
  return text
    .replace(/…/g, "...")
    .replace(/[–—]/g, "-")
    .replace(/\t/g, "  ")
    .replace(/[^\x20-\x7e]/gu, "?");
}

/** One line for a terminal that knows more than ASCII: what it could obey stands there as `\u001b`, as in JSON. */
export function shownLine(text: string): string {
  return shownText(text).replace(/[\t\n]/g, escaped);
}

/** The same for text of several lines. */
export function shownText(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
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
