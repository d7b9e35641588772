// The one entry point: the agent in a rescue image, the command line everywhere else.

import { LifeboatError } from "#os/error";
import { failureText } from "./failure-text.ts";

async function main(words: readonly string[]): Promise<void> {
  try {
    if (words[0] === "agent") await startAgent();
    else process.exitCode = await startCommandLine(words);
  } catch (error) {
    process.stderr.write(failureText(error));
    // At once: consoles and children that are open would keep the process alive.
    process.exit(error instanceof LifeboatError ? error.exitCode : 1);
  }
}

async function startAgent(): Promise<void> {
  const { exists } = await import("#os/files");
  const { IMAGE_MANIFEST_PATH } = await import("../set/image-manifest.ts");
  if (!(await exists(`/${IMAGE_MANIFEST_PATH}`))) {
    throw new LifeboatError(`Cannot run the agent as it belongs into a rescue image: "/${IMAGE_MANIFEST_PATH}" is not there`);
  }
  const { runAgent } = await import("../initrd-agent/main.ts");
  await runAgent();
}

async function startCommandLine(words: readonly string[]): Promise<number> {
  const { asFileError } = await import("#os/files");
  const { stopDescendants } = await import("#os/descendants");
  const { removeStaleTemporaries, removeTemporariesOnSignals } = await import("#os/temporaries");
  removeTemporariesOnSignals(stopDescendants);
  removeStaleTemporaries();
  for (const [name, stream] of [
    ["standard output", process.stdout],
    ["standard error", process.stderr],
  ] as const) {
    stream.on("error", (error: Error & { readonly code?: string }) => {
      // Whoever reads us may stop before the end, as `head` does; the work goes on and nobody is told.
      if (error.code === "EPIPE") return;
      process.stderr.write(failureText(asFileError("write to", name, error)));
      process.exit(4);
    });
  }
  const { runCommandLine } = await import("./command-line.ts");
  const { textWords } = await import("./raw-words.ts");
  return runCommandLine(textWords(words));
}

void main(process.argv.slice(2));
