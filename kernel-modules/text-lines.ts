// Lines and words of kmod's text files.

export interface TextLine {
  /** Counted from 1: where the line starts in the file. */
  readonly number: number;
  readonly text: string;
}

/** The lines that say something: no empty ones, none that start with `#`. */
export function contentLines(text: string): readonly TextLine[] {
  return numbered(text.split("\n")).filter((line) => line.text.trim() !== "" && !line.text.startsWith("#"));
}

/**
 * The same with continuation as kmod reads it: a backslash before the line's end joins the next line to it,
 * before any other character the backslash is dropped.
 */
export function joinedLines(text: string): readonly TextLine[] {
  const lines: TextLine[] = [];
  let number = 1;
  for (const match of text.matchAll(/(?:\\[^]|[^\\\n])*(?:\\$)?(?:\n|$)/g)) {
    const raw = match[0];
    const joined = raw.replace(/\n$/, "").replace(/\\(\n|$|[^])/g, (_, next: string) => (next === "\n" ? "" : next));
    if (joined.trim() !== "" && !joined.startsWith("#")) lines.push({ number, text: joined });
    number += raw.split("\n").length - 1;
  }
  return lines;
}

/** Words between blanks. */
export function words(text: string): readonly string[] {
  const trimmed = text.trim();
  return trimmed === "" ? [] : trimmed.split(/\s+/);
}

function numbered(lines: readonly string[]): readonly TextLine[] {
  return lines.map((text, index) => ({ number: index + 1, text }));
}
