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

/** Starts the shell. `shellPath` must be a POSIX shell. */
export function startWorkerShell(shellPath = "/bin/sh"): WorkerShell {
  const process = start([shellPath, "-c", SCRIPT]);
  const waiting = new Map<number, (result: WorkerResult) => void>();
  const decoder = new TextDecoder();
  let buffered = "";
  let nextId = 1;
  process.onOutput((chunk) => {
    buffered += decoder.decode(chunk, { stream: true });
    for (let end = buffered.indexOf(RECORD_END); end >= 0; end = buffered.indexOf(RECORD_END)) {
      answer(buffered.slice(buffered.indexOf(RECORD_START) + 1, end), waiting);
      buffered = buffered.slice(end + 1);
    }
  });
  void process.exited.then(() => {
    for (const resolve of waiting.values()) resolve({ exitCode: 127, output: "the worker shell has ended" });
    waiting.clear();
  });
  return {
    run: (command) =>
      new Promise((resolve) => {
        const id = nextId++;
        waiting.set(id, resolve);
        process.write(`${id} ${command.map(quote).join(" ")}\n`);
      }),
    [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
  };
}

function answer(record: string, waiting: Map<number, (result: WorkerResult) => void>): void {
  const [, id, exitCode, output] = /^(\d+) (\d+) ([^]*)$/.exec(record) ?? [];
  const resolve = waiting.get(Number(id));
  waiting.delete(Number(id));
  resolve?.({ exitCode: Number(exitCode), output: (output ?? "").replace(/\n$/, "") });
}

/** Quotes for a POSIX shell. A newline would end the job's line, so it travels as a variable. */
function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''").replaceAll("\n", `'"$newline"'`)}'`;
}
