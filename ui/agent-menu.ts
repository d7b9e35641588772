// The agent's menu: a pure state machine, drawn on every console, driven from whichever answers.

import { plainLine, wrapLine } from "./plain-text.ts";

export type MenuAction = "report" | "log" | "medium" | "shell" | "reboot" | "poweroff";

export interface MenuState {
  readonly title: string;
  /** One line on how things stand, e.g. what is being waited for; "" for none. */
  readonly status: string;
  readonly selected: number;
  /** What stands below the menu: the answer to the last choice, of any length. */
  readonly page: readonly string[];
  /** The first line of the page that is shown. */
  readonly pageTop: number;
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
  { key: "d", label: "Devices: disks, network, and what lacks a driver", action: "report" },
  { key: "l", label: "Log of this boot", action: "log" },
  { key: "m", label: "Medium: look for it again", action: "medium" },
  { key: "s", label: "Shell on this console", action: "shell" },
  { key: "r", label: "Reboot", action: "reboot" },
  { key: "p", label: "Power off", action: "poweroff" },
];

/** A column stays free: some terminals start a new line when the last one is written. */
const COLUMNS = 79;
const ROWS = 24;
/** Without four lines of head, the blank one and the page's own around the page, and the cursor's line. */
const PAGE_ROWS = ROWS - ITEMS.length - 7;

const SELECT_UP = new Set(["\u001b[A", "\u001bOA", "k"]);
const SELECT_DOWN = new Set(["\u001b[B", "\u001bOB", "j"]);
const PAGE_DOWN = new Set([" ", "\u001b[6~"]);
const PAGE_UP = new Set(["b", "\u001b[5~"]);
const ENTER = new Set(["\r", "\n"]);

/** More keys at once than a hasty hand presses are a paste, and none of them was meant for the menu. */
const MOST_KEYS = 4;

/**
 * `keys` is what came at once: a few key presses (letters, Enter, arrows as escape sequences), or rubbish. Anything
 * that is not all known keys changes nothing. An action ends it: keys behind it are dropped.
 */
export function updateMenu(state: MenuState, keys: string): MenuResult {
  const pressed = splitKeys(keys);
  if (pressed.length > MOST_KEYS || !pressed.every(isKnown)) return { state, action: undefined };
  let result: MenuResult = { state, action: undefined };
  for (const key of pressed) {
    result = updateByKey(result.state, key);
    if (result.action !== undefined) break;
  }
  return result;
}

/** At most 24 lines of 79 columns, plain ASCII. */
export function viewMenu({ title, status, selected, page, pageTop }: MenuState): readonly string[] {
  const items = ITEMS.map(({ key, label }, index) => `${index === selected ? " > " : "   "}${key}  ${label}`);
  const head = ["", title, ...(status === "" ? [] : [status]), ""];
  const lines = pageLines(page);
  const shown = lines.slice(pageTop, pageTop + PAGE_ROWS);
  const last = pageTop + shown.length;
  const more = lines.length > PAGE_ROWS ? [`-- ${pageTop + 1} to ${last} of ${lines.length}; space: on, b: back --`] : [];
  const below = shown.length === 0 ? [] : ["", ...shown, ...more];
  return [...head, ...items, ...below].map((line) => plainLine(line).slice(0, COLUMNS));
}

/** Shows these lines below the menu: from the first one, or with the end in sight. */
export function withPage(state: MenuState, page: readonly string[], at: "start" | "end" = "start"): MenuState {
  return { ...state, page, pageTop: at === "start" ? 0 : lastTop(page) };
}

function updateByKey(state: MenuState, key: string): MenuResult {
  const direct = ITEMS.findIndex((item) => item.key === key.toLowerCase());
  if (direct >= 0) return { state: { ...state, selected: direct }, action: ITEMS[direct]?.action };
  if (ENTER.has(key)) return { state, action: ITEMS[state.selected]?.action };
  const step = SELECT_UP.has(key) ? -1 : SELECT_DOWN.has(key) ? 1 : 0;
  const pageStep = PAGE_UP.has(key) ? -PAGE_ROWS : PAGE_DOWN.has(key) ? PAGE_ROWS : 0;
  const selected = clamp(state.selected + step, ITEMS.length - 1);
  return { state: { ...state, selected, pageTop: clamp(state.pageTop + pageStep, lastTop(state.page)) }, action: undefined };
}

/** Escape sequences (ECMA-48 CSI, and SS3 as a VT100 sends its arrows) whole, everything else character by character. */
const ESCAPE = "\u001b";
const KEY = new RegExp(`${ESCAPE}\\[[0-?]*[ -/]*[@-~]|${ESCAPE}O[@-~]|[^]`, "gu");

function splitKeys(keys: string): readonly string[] {
  return keys.match(KEY) ?? [];
}

function isKnown(key: string): boolean {
  const lists = [SELECT_UP, SELECT_DOWN, PAGE_DOWN, PAGE_UP, ENTER];
  return lists.some((list) => list.has(key)) || ITEMS.some((item) => item.key === key.toLowerCase());
}

function pageLines(page: readonly string[]): readonly string[] {
  return page.flatMap((line) => wrapLine(plainLine(line), COLUMNS));
}

function lastTop(page: readonly string[]): number {
  return Math.max(0, pageLines(page).length - PAGE_ROWS);
}

function clamp(value: number, most: number): number {
  return Math.min(most, Math.max(0, value));
}
