// Modules that every image needs in its initramfs: without them the medium is found and its tools cannot be taken in. Pure.

import type { Selection } from "kmod-parse/select";
import { LifeboatError } from "#os/error";
import { NEEDS } from "./check-kernel-config.ts";

/** `moduleNames` are those of the kernel's whole tree. Throws LifeboatError, exit code 2, when the options leave out what no image works without. */
export function checkEssentialModules(moduleNames: ReadonlySet<string>, { modules, denied }: Selection): void {
  for (const { severity, module, breaks } of NEEDS) {
    // What is not a module of this kernel is built in, or the check of its configuration speaks.
    if (severity !== "fatal" || module === undefined || !moduleNames.has(module)) continue;
    if (modules.some(({ name, layer }) => name === module && layer === "initramfs")) continue;
    const because = denied.find(({ name }) => name === module)?.because ?? ["it was not chosen"];
    throw new LifeboatError(`Cannot leave out module "${module}" as without it ${breaks}: ${because.join("; ")}`, {
      exitCode: 2,
      hint: `Take it back from --deny-module`,
    });
  }
}
