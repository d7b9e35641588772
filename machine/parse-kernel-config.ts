// Reads a kernel's .config: /boot/config-RELEASE, /lib/modules/RELEASE/config, or /proc/config.gz unpacked.

export type OptionState = "y" | "m" | "n";

/** A kernel's configuration. Names carry their `CONFIG_` prefix. */
export interface KernelConfig {
  /** Built in, module or off. What the file does not name is not in here and counts as off. */
  readonly states: ReadonlyMap<string, OptionState>;
  /** Strings (unquoted) and numbers (as written). */
  readonly values: ReadonlyMap<string, string>;
}

// Kconfig's own writer: `CONFIG_X=y`, `CONFIG_X="text"`, `# CONFIG_X is not set`; all else is comment.
const SET = /^(CONFIG_[A-Za-z0-9_]+)=(.*)$/;
const NOT_SET = /^# (CONFIG_[A-Za-z0-9_]+) is not set$/;

/** Lines that are neither settings nor comments are skipped, as Kconfig does; a later line wins. */
export function parseKernelConfig(text: string): KernelConfig {
  const states = new Map<string, OptionState>();
  const values = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const off = NOT_SET.exec(line)?.[1];
    if (off !== undefined) states.set(off, "n");
    const [, name, value] = SET.exec(line) ?? [];
    if (name === undefined || value === undefined) continue;
    if (value === "y" || value === "m" || value === "n") states.set(name, value);
    else values.set(name, unquote(value));
  }
  return { states, values };
}

/** The state of `option` (with its `CONFIG_` prefix); an option that the config does not know is off. */
export function optionState(config: KernelConfig, option: string): OptionState {
  return config.states.get(option) ?? "n";
}

function unquote(value: string): string {
  return /^".*"$/.test(value) ? value.slice(1, -1).replace(/\\(.)/g, "$1") : value;
}
