// Which process this is among all that there ever were, and whether such a one still runs.

import { readSys, sysLink } from "#os/sysfs";

/** A process id alone names another process tomorrow. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it began, in clock ticks since the machine started (proc_pid_stat(5), field 22). */
  readonly startTicks: string | undefined;
  /** Another after each start of the machine. */
  readonly bootId: string | undefined;
  /** Containers count processes each for themselves. */
  readonly pidNamespace: string | undefined;
}

export function thisProcess(): ProcessIdentity {
  return { pid: process.pid, startTicks: startTicksOf(process.pid), ...processWorld() };
}

/** Undefined when it cannot be told from here: of another machine, another container, or before this start of the machine. */
export function isRunning({ pid, startTicks, bootId, pidNamespace }: ProcessIdentity): boolean | undefined {
  const here = processWorld();
  const isHere = bootId !== undefined && bootId === here.bootId && pidNamespace !== undefined && pidNamespace === here.pidNamespace;
  return isHere && startTicks !== undefined ? startTicksOf(pid) === startTicks : undefined;
}

function processWorld(): Pick<ProcessIdentity, "bootId" | "pidNamespace"> {
  return { bootId: readSys("/proc/sys/kernel/random/boot_id"), pidNamespace: sysLink("/proc/self/ns/pid") };
}

/** The name stands in parentheses and may have any characters, so that fields are counted behind it. */
function startTicksOf(pid: number): string | undefined {
  const stat = readSys(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
}
