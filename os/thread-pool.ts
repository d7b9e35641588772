// Threads that answer messages. Each has a heap of its own: the memory that squeezing and unpacking take makes the engine mark a whole heap
// again and again, and theirs are next to empty where ours is not.

import { Worker } from "node:worker_threads";
import { PROCESSORS } from "#os/compression";

/** One that has died fails all that wait, and whatever is asked later. */
export interface ThreadPool<Message, Answer> extends AsyncDisposable {
  /** Any number may wait. */
  ask(message: Message): Promise<Answer>;
}

/** Memory that the threads see too. */
export function sharedBytes(sizeBytes: number): Uint8Array {
  return new Uint8Array(new SharedArrayBuffer(sizeBytes));
}

interface Job<Message, Answer> {
  readonly message: Message;
  done(answer: Answer): void;
  failed(reason: unknown): void;
}

/**
 * As many threads as there are processors. `script` is JavaScript in a string, as the single binary has no file for it; it takes messages
 * from its parentPort and posts one answer to each. Dispose it to end them; what is not answered by then never will be.
 */
export function startThreads<Message, Answer>(script: string): ThreadPool<Message, Answer> {
  const waiting: Job<Message, Answer>[] = [];
  const idle = new Set<Worker>();
  const busy = new Map<Worker, Job<Message, Answer>>();
  let failure: Error | undefined;
  const next = (thread: Worker) => {
    const job = waiting.shift();
    if (job === undefined) {
      idle.add(thread);
      return;
    }
    busy.set(thread, job);
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a window has an origin, a thread has none
    thread.postMessage(job.message);
  };
  const threads = Array.from({ length: PROCESSORS }, () => {
    const thread = new Worker(script, { eval: true });
    thread.on("message", (answer: Answer) => {
      const job = busy.get(thread)!;
      busy.delete(thread);
      next(thread);
      job.done(answer);
    });
    thread.on("error", (error: Error) => {
      failure ??= error;
      busy.get(thread)?.failed(error);
      busy.delete(thread);
      for (const job of waiting.splice(0)) job.failed(error);
    });
    idle.add(thread);
    return thread;
  });
  return {
    ask: (message) =>
      new Promise((done, failed) => {
        if (failure !== undefined) return failed(failure);
        waiting.push({ message, done, failed });
        const [thread] = idle;
        if (thread === undefined) return;
        idle.delete(thread);
        next(thread);
      }),
    async [Symbol.asyncDispose]() {
      await Promise.all(threads.map((thread) => thread.terminate()));
    },
  };
}
