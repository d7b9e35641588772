// The agent's menu: a pure state machine, drawn on every console, driven from whichever answers.

export type MenuAction = "devices" | "log" | "shell" | "reboot" | "poweroff";

export interface MenuState {
  readonly title: string;
  readonly selected: number;
  /** What stands below the menu: the answer to the last choice. */
  readonly page: readonly string[];
}

export interface MenuResult {
  readonly state: MenuState;
  readonly action: MenuAction | undefined;
}

interface Item {
  readonly key: string;
  readonly label: string;
  readonly action: MenuAction;
}

const ITEMS: readonly Item[] = [
  { key: "d", label: "Devices without a driver", action: "devices" },
  { key: "l", label: "Log", action: "log" },
  { key: "s", label: "Shell on this console", action: "shell" },
  { key: "r", label: "Reboot", action: "reboot" },
  { key: "p", label: "Power off", action: "poweroff" },
];

const COLUMNS = 80;
const PAGE_LINES = 14;

/** `keys` is what one key press sent: a letter, Enter, or an arrow as an escape sequence. Unknown keys change nothing. */
export function updateMenu(state: MenuState, keys: string): MenuResult {
  const direct = ITEMS.find((item) => item.key === keys.toLowerCase());
  if (direct !== undefined) return { state: { ...state, selected: ITEMS.indexOf(direct) }, action: direct.action };
  if (keys === "\r" || keys === "\n") return { state, action: ITEMS[state.selected]?.action };
  const step = keys === "\u001b[A" || keys === "k" ? -1 : keys === "\u001b[B" || keys === "j" ? 1 : 0;
  const selected = Math.min(ITEMS.length - 1, Math.max(0, state.selected + step));
  return { state: { ...state, selected }, action: undefined };
}

/** At most 24 lines of 80 columns, plain ASCII. */
export function viewMenu(state: MenuState): readonly string[] {
  const items = ITEMS.map(({ key, label }, index) => `${index === state.selected ? " >" : "  "} ${key}  ${label}`);
  const page = state.page.slice(-PAGE_LINES);
  return [state.title, "", ...items, "", ...page].map((line) => line.slice(0, COLUMNS - 1));
}
