// Reads /etc/fstab (fstab(5), getmntent(3)).
import type { FstabEntry } from "./model.ts";

/** Comments, empty lines and lines without a path are left out; a missing type is `auto`, missing options are `defaults`. */
export function parseFstab(text: string): readonly FstabEntry[] {
  return text.split("\n").flatMap((line): FstabEntry[] => {
    const words = line.trim().split(/[ \t]+/);
    const [spec = "", path, type = "auto", options = "defaults"] = words;
    if (spec === "" || spec.startsWith("#") || path === undefined) return [];
    return [
      {
        spec: unquote(unescape(spec)),
        path: unescape(path),
        type,
        options: unescape(options)
          .split(",")
          .filter((option) => option !== ""),
      },
    ];
  });
}

// Three octal digits stand for a blank, a tab, a newline, a backslash or a hash sign.
function unescape(word: string): string {
  return word.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

/** `LABEL="my disk"`: libmount takes quotes around a tag's value. */
function unquote(spec: string): string {
  return spec.replace(/^([A-Z]+=)(["'])(.*)\2$/, "$1$3");
}
