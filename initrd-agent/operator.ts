// The end of the boot: a menu on every console, a shell where one is asked for, reboot and power off.

import { readText } from "#os/files";
import type { Terminal } from "#os/terminal";
import { updateMenu, viewMenu, type MenuAction, type MenuState } from "../ui/agent-menu.ts";
import { LOG_PATH } from "./console.ts";
import type { AgentContext } from "./context.ts";

export interface Operator {
  /** Shows the menu again, after lines that something else has written. */
  draw(): void;
}

/** Gives every console the menu. `devices` says what the report says now. */
export function startMenu(context: AgentContext, title: string, devices: () => readonly string[]): Operator {
  let state: MenuState = { title, selected: 0, page: [] };
  const inShell = new Set<Terminal>();
  const draw = () => {
    const text = `\n${viewMenu(state).join("\n")}\n`;
    for (const terminal of context.console.terminals) if (!inShell.has(terminal)) terminal.write(text);
  };
  const act = async (action: MenuAction, terminal: Terminal) => {
    switch (action) {
      case "devices":
        state = { ...state, page: orNothing(devices(), "Every device has its driver.") };
        break;
      case "log":
        await context.console.flushed();
        state = { ...state, page: (await readText(LOG_PATH)).trimEnd().split("\n") };
        break;
      case "shell":
        inShell.add(terminal);
        await shellOn(context, terminal);
        inShell.delete(terminal);
        break;
      case "reboot":
      case "poweroff":
        await leave(context, action);
        break;
    }
    draw();
  };
  for (const terminal of context.console.terminals) {
    terminal.onKeys((keys) => {
      const result = updateMenu(state, keys);
      state = result.state;
      if (result.action === undefined) draw();
      else void act(result.action, terminal);
    });
    terminal.take();
  }
  draw();
  return { draw };
}

/** Root shells on all consoles, started again when they end: the `expert` mode. */
export function startShells(context: AgentContext): void {
  for (const terminal of context.console.terminals) void keepShell(context, terminal);
}

async function keepShell(context: AgentContext, terminal: Terminal): Promise<never> {
  for (;;) await shellOn(context, terminal);
}

/** A login shell that owns the terminal, so that Ctrl-C and job control work. Resolves when it ends. */
async function shellOn({ shell, console }: AgentContext, terminal: Terminal): Promise<void> {
  terminal.release();
  terminal.write("\nlifeboat: root shell; `exit` leaves it, `reboot` and `poweroff` work\n");
  console.note(`shell on ${terminal.path}`);
  await shell.run(["busybox", "setsid", "sh", "-c", `stty sane <"$1"; exec sh -l <"$1" >"$1" 2>&1`, "sh", terminal.path]);
  terminal.take();
}

async function leave({ console, shell }: AgentContext, action: "reboot" | "poweroff"): Promise<void> {
  console.say(`lifeboat: ${action === "reboot" ? "rebooting" : "powering off"}`);
  await console.flushed();
  await shell.run(["busybox", action]);
}

function orNothing(lines: readonly string[], otherwise: string): readonly string[] {
  return lines.length === 0 ? [otherwise] : lines;
}
