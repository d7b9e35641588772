// Stage 1: the drivers of the initramfs for what is plugged in, and every disk read-only from the start.

import { coldplug, loadModules } from "../coldplug.ts";
import type { AgentContext } from "../context.ts";
import type { Outcome } from "../stage.ts";

/** Needed without any device asking: the upper layers of storage, and what the tools layer is mounted with. */
const ALWAYS = ["loop", "squashfs", "overlay", "sd_mod", "sr_mod", "isofs", "nls_ascii", "nls_cp437", "nls_iso8859_1", "nls_utf8"];

export async function essentialModules(context: AgentContext): Promise<Outcome> {
  const forced = (context.words.values.get("forcemods") ?? "").split(/[ ,]+/).filter((name) => name !== "");
  const unknown = forced.filter((name) => !context.modules.byName.has(name.replace(/-/g, "_")));
  await loadModules(context, [...forced, ...ALWAYS]);
  await coldplug(context);
  if (unknown.length > 0) return { kind: "fallback", text: `forcemods= names modules that are not in the image: ${unknown.join(" ")}` };
  return { kind: "ok" };
}
