// All commands, in the order of the help.

import { binaryCommand } from "./binary.ts";
import { buildCommand } from "./build.ts";
import type { CommandSpec } from "./command-spec.ts";
import { startCommand } from "./start.ts";

export const COMMANDS: readonly CommandSpec[] = [buildCommand, binaryCommand, startCommand];
