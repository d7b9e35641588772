// What a terminal is sent so that a block of lines stands below whatever else is printed: VT100 sequences, pure.

/** The lines of the block that stand at the bottom now, and after which the cursor is on a new line. */
export interface ScreenState {
  readonly block: readonly string[];
}

export interface ScreenStep {
  readonly state: ScreenState;
  /** To write, `\n` starts a line. */
  readonly text: string;
}

export const EMPTY_SCREEN: ScreenState = { block: [] };

/** Puts the block there, in the place of the one before; an unchanged one is not drawn again. */
export function drawBlock(state: ScreenState, block: readonly string[]): ScreenStep {
  if (block.length === state.block.length && block.every((line, index) => line === state.block[index])) return { state, text: "" };
  return { state: { block }, text: erase(state) + joined(block) };
}

/** A line above the block. */
export function printAbove(state: ScreenState, line: string): ScreenStep {
  return { state, text: `${erase(state)}${line}\n${joined(state.block)}` };
}

/** The block becomes part of what has been printed; somebody else writes now. */
export function leaveBlock(): ScreenState {
  return EMPTY_SCREEN;
}

/** Up to the block's first line, and all below is cleared (VT100 `CUU`, `ED`). */
function erase({ block }: ScreenState): string {
  return block.length === 0 ? "" : `\u001b[${block.length}A\r\u001b[J`;
}

function joined(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}
