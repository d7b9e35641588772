// From terminal output to plain lines (ECMA-48 control sequences), in pieces as they arrive; pure.

export interface PlainPiece {
  readonly text: string;
  /** The start of a sequence that has not ended yet: put it before the next piece. */
  readonly rest: string;
}

/**
 * Takes escape sequences and control characters out of `piece`. Moving the cursor to a place counts as a new line, so that
 * the rows of a boot menu stay apart; so does a carriage return. At the very end, what is left in `rest` is no text.
 */
export function plainText(piece: string): PlainPiece {
  const rest = UNFINISHED.exec(piece)?.[0] ?? "";
  const whole = piece.slice(0, piece.length - rest.length);
  return { text: whole.replace(NOT_PLAIN, (_, newLine?: string) => (newLine === undefined ? "" : "\n")), rest };
}

const CURSOR_MOVE = String.raw`\x1B\[[0-9;]*[Hf]`; // CUP and HVP (ECMA-48 8.3.21, 8.3.63)
const STRING = String.raw`\x1B[\]P^_X][^\x07\x1B]*(?:\x07|\x1B\\)`; // OSC, DCS, PM, APC, SOS up to BEL or ST
const CONTROL_SEQUENCE = String.raw`\x1B\[[0-?]*[ -/]*[@-~]`;
const ESCAPE = String.raw`\x1B[ -/]*[0-~]`;
const CONTROL = String.raw`[\x00-\x08\x0B-\x1F\x7F]`;

const NOT_PLAIN = new RegExp([`(${CURSOR_MOVE}|\\r+\\n?)`, STRING, CONTROL_SEQUENCE, ESCAPE, CONTROL].join("|"), "g");

// The bounds keep a lone ESC in binary noise from holding the text back for ever.
const UNFINISHED = new RegExp(String.raw`(?:\x1B(?:\[[0-?]{0,32}[ -/]{0,4}|[\]P^_X][^\x07\x1B]{0,256}\x1B?|[ -/]{0,4})|(?<!\r)\r+)$`);
