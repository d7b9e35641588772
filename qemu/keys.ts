// From text to key presses of a US keyboard, under QEMU's names for keys (qapi/ui.json, QKeyCode); pure.
import { LifeboatError } from "#os/error";

/** Keys held down together, the first one first. */
export type Chord = readonly string[];

/**
 * `keyPresses("Ab\n<down><ctrl-alt-f2>")`: characters are typed, a new line is Enter, names in angle brackets are keys or
 * chords (`<less>` is the character). Throws LifeboatError on a character that a US keyboard has not.
 */
export function keyPresses(text: string): readonly Chord[] {
  return [...text.matchAll(/<([a-z0-9_-]{2,})>|[^]/gu)].map(([character, name]) =>
    name === undefined ? chordOf(character) : name.split("-").map((key) => NAMES[key] ?? key),
  );
}

const NAMES: Readonly<Record<string, string>> = {
  enter: "ret",
  escape: "esc",
  space: "spc",
  pageup: "pgup",
  pagedown: "pgdn",
  del: "delete",
};

const PLAIN: Readonly<Record<string, string>> = {
  "\n": "ret",
  "\t": "tab",
  " ": "spc",
  "-": "minus",
  "=": "equal",
  "[": "bracket_left",
  "]": "bracket_right",
  ";": "semicolon",
  "'": "apostrophe",
  "`": "grave_accent",
  "\\": "backslash",
  ",": "comma",
  ".": "dot",
  "/": "slash",
};

const SHIFTED = pairs(`~\`!1@2#3$4%5^6&7*8(9)0_-+={[}]|\\:;"'<,>.?/`);

/** "ab" pairs: the character that appears with Shift, then the one without. */
function pairs(text: string): Readonly<Record<string, string>> {
  const characters = text.split("");
  return Object.fromEntries(characters.flatMap((shifted, index) => (index % 2 === 0 ? [[shifted, characters[index + 1] ?? ""]] : [])));
}

function chordOf(character: string): Chord {
  const unshifted = /[A-Z]/.test(character) ? character.toLowerCase() : SHIFTED[character];
  if (unshifted !== undefined) return ["shift", ...chordOf(unshifted)];
  const key = /[a-z0-9]/.test(character) ? character : PLAIN[character];
  if (key === undefined) {
    throw new LifeboatError(`Cannot type ${JSON.stringify(character)} as a US keyboard must have it: it has no such key`, { exitCode: 2 });
  }
  return [key];
}
