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
  const unfinished = UNFINISHED.exec(piece);
  const rest = unfinished === null ? "" : unfinished[0];
  const whole = piece.slice(0, piece.length - rest.length);
  return { text: whole.replace(CURSOR_MOVE, "\n").replace(SEQUENCE, "").replace(LINE_END, "\n").replace(CONTROL, ""), rest };
}

// No sequence that matters is longer; a lone ESC in binary noise must not hold the text back for ever.
const UNFINISHED = /(?:\u001B(?:\[[0-?]{0,32}[ -/]{0,4}|[\]P^_X][^\u0007\u001B]{0,256}\u001B?|[ -/]{0,4})?|\r+)$/;

/** CUP and HVP (ECMA-48 8.3.21, 8.3.63). */
const CURSOR_MOVE = /\u001B\[[0-9;]*[Hf]/g;

/** Strings up to BEL or ST, then CSI, then everything shorter. */
const SEQUENCE = /\u001B(?:[\]P^_X][^\u0007\u001B]*(?:\u0007|\u001B\\)|\[[0-?]*[ -/]*[@-~]|[ -/]*[0-~])/g;

const LINE_END = /\r+\n?/g;

const CONTROL = /[\u0000-\u0008\u000B-\u001F\u007F]/g;
