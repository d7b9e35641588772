// A small shell that runs commands side by side for us: cheaper to fork than the whole agent, and what hangs in it hangs alone.
import { start, type Command } from "#os/exec";

export interface WorkerResult {
  readonly exitCode: number;
  /** Standard output and standard error together, without the last newline. */
  readonly output: string;
}

export interface WorkerShell extends AsyncDisposable {
  /** Runs a command; any number may run at once. Never throws for the command's own failure. */
  run(command: Command): Promise<WorkerResult>;
}

/**
 * The shell reads one line a job, `ID COMMAND…` already quoted, and answers `ID EXITCODE OUTPUT` between two
 * separators. Each job is a background subshell; an answer shorter than a pipe's atomic write never mixes with another.
 */
const SCRIPT = `
newline='
'
while IFS= read -r line; do
  ( id=\${line%% *}
    output=$(eval "\${line#* }" 2>&1 </dev/null); code=$?
    printf '\\036%s %s %s\\037' "$id" "$code" "$output" ) &
done
`;

const RECORD_START = "\u001e";
const RECORD_END = "\u001f";

/** The shell starts with the first command, and again when it has died. `shellPath` must be a POSIX shell. */
export function startWorkerShell(shellPath = "/bin/sh"): WorkerShell {
  let running: RunningShell | undefined;
  let nextId = 1;
  return {
    run: (command) =>
      new Promise((resolve) => {
        if (running === undefined || running.ended()) running = startShell(shellPath);
        running.send(nextId++, command, resolve);
      }),
    [Symbol.asyncDispose]: async () => running?.dispose(),
  };
}

type Resolve = (result: WorkerResult) => void;

interface RunningShell {
  send(id: number, command: Command, resolve: Resolve): void;
  ended(): boolean;
  dispose(): PromiseLike<void>;
}

function startShell(shellPath: string): RunningShell {
  const process = start([shellPath, "-c", SCRIPT]);
  const waiting = new Map<number, Resolve>();
  const decoder = new TextDecoder();
  let buffered = "";
  let ended = false;
  process.onOutput((chunk) => {
    buffered += decoder.decode(chunk, { stream: true });
    for (let end = buffered.indexOf(RECORD_END); end >= 0; end = buffered.indexOf(RECORD_END)) {
      answer(buffered.slice(buffered.indexOf(RECORD_START) + 1, end), waiting);
      buffered = buffered.slice(end + 1);
    }
  });
  void process.exited.then(() => {
    ended = true;
    for (const resolve of waiting.values()) resolve({ exitCode: 127, output: "the worker shell has ended" });
    waiting.clear();
  });
  return {
    send: (id, command, resolve) => {
      waiting.set(id, resolve);
      process.write(`${id} ${command.map(quote).join(" ")}\n`);
    },
    ended: () => ended,
    dispose: () => process[Symbol.asyncDispose](),
  };
}

function answer(record: string, waiting: Map<number, Resolve>): void {
  const [, id, exitCode, output] = /^(\d+) (\d+) ([^]*)$/.exec(record) ?? [];
  const resolve = waiting.get(Number(id));
  waiting.delete(Number(id));
  resolve?.({ exitCode: Number(exitCode), output: (output ?? "").replace(/\n$/, "") });
}

/** Quotes for a POSIX shell. A newline would end the job's line, so it travels as a variable. */
function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''").replaceAll("\n", `'"$newline"'`)}'`;
}
