// Stage 4: the drivers of the tools layer too, and a second chance for devices that asked for firmware before it was there.

import { writeFile } from "#os/files";
import { readBusDevices } from "../../machine/bus-devices.ts";
import { matchModalias } from "kmod-parse/match-modalias";
import { coldplug, loadModules } from "../coldplug.ts";
import type { AgentContext } from "../context.ts";
import type { Outcome } from "../stage.ts";

/** What the restore engine's programs work with and no device asks for. */
const FOR_THE_ENGINE = ["dm_mod", "md_mod", "efivarfs", "vfat", "ext4", "xfs", "btrfs"];

export async function allModules(context: AgentContext): Promise<Outcome> {
  await loadModules(context, FOR_THE_ENGINE);
  await coldplug(context);
  if (!context.state.toolsTakenIn) return { kind: "fallback", text: "only the modules of the initramfs" };
  await bindAgain(context);
  return { kind: "ok" };
}

/** Asks the bus to probe devices again whose driver is loaded but did not take them. */
async function bindAgain({ modules, state, console }: AgentContext): Promise<void> {
  const idle = readBusDevices().filter(({ driver, modalias }) => {
    return driver === undefined && matchModalias(modules, modalias).some((name) => state.loaded.has(name));
  });
  for (const { bus, id } of idle) {
    await writeFile(`/sys/bus/${bus}/drivers_probe`, id).catch((error: Error) =>
      console.note(`${bus} ${id} was offered again: ${error.message}`),
    );
  }
}
