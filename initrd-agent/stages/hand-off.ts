// Stage 5: to the restore engine in the chosen mode. The engine is not there yet: what can be said is said.

import type { AgentContext } from "../context.ts";
import type { Outcome } from "../stage.ts";

export async function handOff({ words }: AgentContext): Promise<Outcome> {
  switch (words.mode) {
    case "interactive":
    case "expert":
      return { kind: "ok" };
    case "nuke":
    case "compare":
      return { kind: "fallback", text: `no set on this medium: nothing to ${words.mode === "nuke" ? "restore" : "compare"}` };
  }
}
