// Serials and wwids of disks as parts of a boot word: blanks, commas, quotes and the like as %XX, as in URLs (RFC 3986, section 2.1).

/** Safe on a kernel command line, in the menus of ISOLINUX, GRUB and iPXE, and between the commas of a boot word. */
export function serialWord(serial: string): string {
  // The function leaves !'()*~ as they are; a loader's script may not.
  return encodeURIComponent(serial).replace(/[!'()*~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** What stands for a serial: one that was typed as it is too, but for %XX in it. What is no escape stays as it is. */
export function readSerialWord(word: string): string {
  try {
    return decodeURIComponent(word.replace(/%(?![0-9A-Fa-f]{2})/g, "%25"));
  } catch {
    // Escapes that are no UTF-8.
    return word;
  }
}

/** One word for all of them: of several words of this name a boot reads the last alone. */
export function wipeWord(serials: readonly string[]): string {
  return `lifeboat.wipe=${serials.map(serialWord).join(",")}`;
}
