// How `archive` makes its rescue image: the options of `build` that concern it.

import type { ArchiveImage } from "../archive/rescue-iso.ts";
import { cacheDirectoryOf } from "./cache-hint.ts";
import { agentPath, chooseKernel, readGatherOptions } from "./image-options.ts";
import { readMenu, sourceDateEpoch } from "./menu-options.ts";
import { checkMenu } from "../bootloaders/rescue-files.ts";
import { wipeWord } from "../restore/serial-word.ts";
import { listOption, numberOption, textOption, type Invocation, type OptionValues } from "./command-spec.ts";

const DEFAULT_BUDGET_MIB = 128;

/** Throws LifeboatError (2) for words that a boot menu cannot have. */
export function readArchiveImage(options: OptionValues, remark: Invocation["progress"]): ArchiveImage {
  const epoch = sourceDateEpoch();
  const restoresItself = options["self-restoring"] === true;
  const serials = listOption(options, "wipe");
  const wipe = serials.length === 0 ? [] : [wipeWord(serials)];
  const then = textOption(options, "then");
  const after = then === undefined ? [] : [`lifeboat.then=${then}`];
  const words = { ...options, append: [textOption(options, "append") ?? "", ...wipe, ...after].join(" ").trim() };
  const menu = readMenu({ ...words, default: restoresItself ? "nuke" : "interactive" }, epoch);
  checkMenu(menu);
  return {
    chooseKernel: () => chooseKernel(options),
    imageOptions: async () => ({
      ...readGatherOptions(options),
      agentPath: await agentPath(),
      compression: options["small"] === true ? "xz" : undefined,
      budgetBytes: numberOption(options, "budget", DEFAULT_BUDGET_MIB) * 1024 * 1024,
      machineName: menu.machineName,
      sourceDateEpoch: epoch,
      mediumUrl: undefined,
      remark,
    }),
    mediumOptions: { layout: "gpt", cacheDirectory: cacheDirectoryOf(options), sourceDateEpoch: epoch, menu },
  };
}
