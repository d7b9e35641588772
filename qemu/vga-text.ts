// VGA text memory as text: cells of a code page 437 character and an attribute byte; pure.

const ROWS = 25;
const COLUMNS = 80;

/** Rows of what is on screen. `startCell` is the CRT controller's start address; memory wraps around at its end. */
export function textRows(memory: Uint8Array, startCell: number): readonly string[] {
  return Array.from({ length: ROWS }, (_, row) => {
    const cells = Array.from({ length: COLUMNS }, (_, column) => {
      const offset = ((startCell + row * COLUMNS + column) * 2) % memory.length;
      return CODE_PAGE_437[memory[offset] ?? 0] ?? " ";
    });
    return cells.join("").trimEnd();
  });
}

const ASCII = String.fromCharCode(...Array.from({ length: 0x5f }, (_, index) => 0x20 + index));

/** As the screen shows it: the first 32 codes have pictures too, and NUL is blank. */
const CODE_PAGE_437 = [
  " ☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼",
  ASCII,
  "⌂",
  "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐",
  "└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■ ",
].join("");
