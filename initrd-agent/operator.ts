// The end of the boot: a menu on every console, a shell where one is asked for, reboot and power off.

import { nowMs, sleep } from "#os/clock";
import { readText, removeFile } from "#os/files";
import { updateMenu, viewMenu, withPage, type MenuAction, type MenuState } from "../ui/agent-menu.ts";
import { LOG_PATH, type Screen } from "./console.ts";
import type { AgentContext } from "./context.ts";

export interface Operator {
  /** One line under the menu's title; "" for none. */
  setStatus(status: string): void;
}

/** What the menu asks of the rest of the agent. */
export interface MenuSources {
  readonly title: string;
  readonly status: string;
  /** Disks, network and missing drivers as they are now. */
  report(): Promise<readonly string[]>;
  /** Looks for the medium and runs the stages that wait for it. */
  lookForMedium(): Promise<void>;
}

/** Gives every console the menu. */
export function startMenu(context: AgentContext, sources: MenuSources): Operator {
  let state: MenuState = { title: sources.title, status: sources.status, selected: 0, page: [], pageTop: 0 };
  const inShell = new Set<Screen>();
  const draw = () => {
    const lines = viewMenu(state);
    for (const screen of context.console.screens) if (!inShell.has(screen)) screen.draw(lines);
  };
  const act = async (action: MenuAction, screen: Screen) => {
    switch (action) {
      case "report":
        state = withPage(state, await sources.report());
        break;
      case "log":
        state = withPage(state, (await readText(LOG_PATH)).trimEnd().split("\n"), "end");
        break;
      case "medium":
        await sources.lookForMedium();
        break;
      case "shell":
        inShell.add(screen);
        await shellOn(context, screen);
        screen.terminal.take();
        inShell.delete(screen);
        break;
      case "reboot":
      case "poweroff":
        await leave(context, action);
        break;
    }
    draw();
  };
  for (const screen of context.console.screens) {
    screen.terminal.onKeys((keys) => {
      const result = updateMenu(state, keys);
      state = result.state;
      if (result.action === undefined) draw();
      else act(result.action, screen).catch((error: Error) => context.console.say(`lifeboat: ${error.message}`));
    });
    screen.terminal.take();
  }
  draw();
  return {
    setStatus: (status) => {
      state = { ...state, status };
      draw();
    },
  };
}

/** Root shells on all consoles, started again when they end: the `expert` mode. */
export function startShells(context: AgentContext): void {
  for (const screen of context.console.screens) void keepShell(context, screen);
}

/** A terminal that is gone ends its shell at once. */
const SHELL_PAUSE_MS = 2000;

async function keepShell(context: AgentContext, screen: Screen): Promise<never> {
  for (;;) {
    const startedMs = nowMs();
    await shellOn(context, screen);
    if (nowMs() - startedMs < SHELL_PAUSE_MS) await sleep(SHELL_PAUSE_MS);
  }
}

/**
 * A login shell that owns the terminal, so that Ctrl-C and job control work. Its process is noted where the boot script
 * looks for it: should the agent end, the operator's work goes on. Resolves when the shell ends.
 */
async function shellOn({ shell, console }: AgentContext, screen: Screen): Promise<void> {
  const { path } = screen.terminal;
  const name = path.replace(/^.*\//, "");
  await screen.terminal.release();
  screen.leave();
  screen.print("");
  screen.print("lifeboat: root shell; `exit` leaves it, `reboot` and `poweroff` work");
  screen.print("lifeboat: disks are write-protected; `blockdev --setrw` lifts that, from a disk first, then from a partition of it");
  console.note(`shell on ${path}`);
  const note = `/run/lifeboat/shell-${name}`;
  const script = 'export TERM="$3"; echo $$ > "$2"; stty sane < "$1"; exec sh -l < "$1" > "$1" 2>&1';
  // Virtual consoles have a number after the name; anything else is taken for the least that there is.
  const terminalType = /^tty\d+$/.test(name) ? "linux" : "vt100";
  await shell.run(["busybox", "setsid", "sh", "-c", script, "sh", path, note, terminalType]);
  await removeFile(note);
  console.note(`shell on ${path} has ended`);
}

/** How long init may take to end everything in order. */
const ORDERLY_MS = 15_000;

export async function leave(
  { console, shell }: Pick<AgentContext, "console" | "shell">,
  action: "reboot" | "poweroff",
  pause = sleep,
): Promise<void> {
  console.say(`lifeboat: ${action === "reboot" ? "rebooting" : "powering off"}`);
  await shell.run(["busybox", action]);
  await pause(ORDERLY_MS);
  await shell.run(["busybox", action, "-f"]);
}
