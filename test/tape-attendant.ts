// Somebody who stands beside a guest and puts in each tape that its console asks for.

import { setTimeout as sleep } from "node:timers/promises";
import type { VirtualMachine } from "../qemu/machine.ts";
import { tapePath, type TapeTarget } from "./tape-target.ts";

export interface Tapes {
  readonly target: TapeTarget;
  readonly directory: string;
  /** The number of the last one. */
  readonly last: number;
}

/** What people are asked (media/medium-changer.ts). */
const REQUEST = /Put (?:an empty tape, to become )?(?:the last tape|tape (\d+)) of /g;
const LOOK_MS = 300;

/** `loaded`: the number of the tape that is in. Disposing it ends the watch; errors come then. */
export function attendTapes(vm: VirtualMachine, { target, directory, last }: Tapes, loaded: number): AsyncDisposable {
  const over = new AbortController();
  const watch = async () => {
    let tape = loaded;
    for (let seen = 0; !over.signal.aborted; await sleep(LOOK_MS)) {
      const requests = [...vm.text.matchAll(REQUEST)];
      const newest = requests.at(-1);
      if (requests.length === seen || newest === undefined) continue;
      seen = requests.length;
      const wanted = Number(newest[1] ?? last);
      // A drive that has just let a tape out may be asked again before another one is in.
      if (wanted === tape) continue;
      await target.change(tapePath(directory, wanted));
      console.log(`  tape ${wanted} is in`);
      tape = wanted;
    }
  };
  const watching = watch();
  watching.catch(() => undefined);
  return {
    async [Symbol.asyncDispose]() {
      over.abort();
      await watching;
    },
  };
}
