// Reads /proc/swaps (kernel mm/swapfile.c, swap_show): the swap space in use.

export interface SwapSpace {
  readonly path: string;
  readonly type: "partition" | "file";
  readonly sizeBytes: number;
  readonly usedBytes: number;
  readonly priority: number;
}

/** Lines that are not the five columns are skipped. */
export function parseSwaps(text: string): readonly SwapSpace[] {
  return text.split("\n").flatMap((line): SwapSpace[] => {
    const match = /^(\S+)(?: \(deleted\))?\s+(partition|file)\s+(\d+)\s+(\d+)\s+(-?\d+)\s*$/.exec(line);
    if (match === null) return [];
    const [, path = "", type, sizeKiB, usedKiB, priority] = match;
    return [
      {
        path: unescape(path),
        type: type === "file" ? "file" : "partition",
        sizeBytes: Number(sizeKiB) * 1024,
        usedBytes: Number(usedKiB) * 1024,
        priority: Number(priority),
      },
    ];
  });
}

// The kernel writes blank, tab, newline and backslash of a path as three octal digits, byte by byte.
function unescape(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
