// All commands, in the order of the help.

import { archiveCommand } from "./archive.ts";
import { binaryCommand } from "./binary.ts";
import { buildCommand } from "./build.ts";
import { bootLoaderCommand } from "./boot-loader.ts";
import { chrootCommand } from "./chroot.ts";
import { compareCommand } from "./compare.ts";
import type { CommandSpec } from "./command-spec.ts";
import { documentsCommand } from "./documents.ts";
import { explainCommand } from "./explain.ts";
import { findkernelCommand } from "./findkernel.ts";
import { inspectCommand } from "./inspect.ts";
import { listCommand } from "./list.ts";
import { logsCommand } from "./logs.ts";
import { mountCommand, unmountCommand } from "./mount.ts";
import { mountlistCommand } from "./mountlist.ts";
import { planCommand } from "./plan.ts";
import { restoreCommand } from "./restore.ts";
import { serveCommand } from "./serve.ts";
import { startCommand } from "./start.ts";
import { verifyCommand } from "./verify.ts";

export const COMMANDS: readonly CommandSpec[] = [
  archiveCommand,
  listCommand,
  verifyCommand,
  compareCommand,
  planCommand,
  restoreCommand,
  mountCommand,
  chrootCommand,
  bootLoaderCommand,
  unmountCommand,
  logsCommand,
  buildCommand,
  serveCommand,
  findkernelCommand,
  mountlistCommand,
  explainCommand,
  inspectCommand,
  binaryCommand,
  startCommand,
  documentsCommand(() => COMMANDS),
];
