// Texts that the kernel's command line is made from, without the words that name what a restore does not make. Pure.

import { hexDigits } from "../machine/array-names.ts";
import { ARRAY_KEYS, CONTAINER_KEYS, containerDigits, lowered, VOLUME_KEYS, type GoneNames } from "./plan-gone-words.ts";

/** A word, with the blanks that parted it from the one before; the first of a text, with those after it. */
const WORD =
  /[ \t]+((?:rd|luks)[\w.]+|resume(?:_offset)?)=([^\s"'\\;#]+)|(?<![\w.-])((?:rd|luks)[\w.]+|resume(?:_offset)?)=([^\s"'\\;#]+)[ \t]*/g;

/** initramfs-tools' file says nothing else; without it the tool takes the largest swap that there is (initramfs-tools(7), "resume"). */
const SETTING = /^\s*RESUME=(["']?)([^\s"'#]+)\1\s*$/;

/** No other byte changes, and comments stay as they are. */
export function withoutGoneWords(text: string, gone: GoneNames): string {
  return text
    .split("\n")
    .map((line) => (/^\s*#/.test(line) ? line : withoutWords(line, gone)))
    .join("\n");
}

function withoutWords(line: string, gone: GoneNames): string {
  const [, , setting] = SETTING.exec(line) ?? [];
  if (setting !== undefined) return isGone("resume", setting, gone) ? `# not made again by Lifeboat: ${line}` : line;
  let isResumeGone = false;
  const left = line.replace(WORD, (word: string, ...[key, value, firstKey, firstValue]: readonly (string | undefined)[]) => {
    const name = key ?? firstKey ?? "";
    if (!isGone(name, value ?? firstValue ?? "", gone)) return word;
    isResumeGone ||= name === "resume";
    return "";
  });
  return isResumeGone ? left.replace(OFFSET, "") : left;
}

/** Where in the device the image is that would be resumed from. */
const OFFSET = /[ \t]+resume_offset=\d+|(?<![\w.-])resume_offset=\d+[ \t]*/g;

function isGone(key: string, value: string, { arrays, volumes, containers, swaps }: GoneNames): boolean {
  if (key === "resume") return swaps.some((name) => lowered(name) === lowered(value));
  if (ARRAY_KEYS.test(key)) return arrays.includes(hexDigits(value));
  if (VOLUME_KEYS.test(key)) return volumes.includes(value) || volumes.includes(value.replace(/\/.*$/, ""));
  if (!CONTAINER_KEYS.test(key)) return false;
  const digits = containerDigits(value);
  return containers.some((uuid) => uuid === digits || (digits.length >= LEAST_DIGITS && uuid.startsWith(digits)));
}

/** Of a UUID that is cut short: fewer may be another's. */
const LEAST_DIGITS = 8;
