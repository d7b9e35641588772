// `lifeboat binary`: makes out/lifeboat from the sources; for developers.

import { dirname } from "node:path";
import { makeBinary } from "../builder/make-binary.ts";
import type { CommandSpec } from "./command-spec.ts";

export const binaryCommand: CommandSpec = {
  name: "binary",
  summary: "Make the single binary out/lifeboat from the sources",
  description: "Bundles the sources and packs them with Node into one executable. Works in a source checkout only.",
  args: [],
  options: [],
  examples: [{ command: "npm run binary", says: "makes out/lifeboat unless it is up to date" }],
  hidden: true,
  async run({ print }) {
    const root = dirname(import.meta.dirname);
    const { path, made } = await makeBinary(root, `${root}/out/lifeboat`);
    print(`${path} ${made ? "made" : "is up to date"}`);
    return 0;
  },
};
