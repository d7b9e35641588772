// Who we are to the system.

/** May read and own whatever there is. */
export function isRoot(): boolean {
  return process.geteuid?.() === 0;
}
