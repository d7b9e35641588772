// Sizes for people.

const UNITS = ["KiB", "MiB", "GiB", "TiB", "PiB"];

/** Three digits or so, in binary units: what partitioning programs print. */
export function sizeText(bytes: number): string {
  let value = bytes / 1024;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value < 10 && value % 1 !== 0 ? value.toFixed(1) : Math.round(value)} ${UNITS[unit]}`;
}
