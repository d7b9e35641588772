// The one entry point: the agent in a rescue image, the command line everywhere else.

async function main(): Promise<void> {
  if (process.argv[2] === "agent") {
    const { runAgent } = await import("../initrd-agent/main.ts");
    await runAgent();
  } else {
    const { runCommandLine } = await import("./command-line.ts");
    process.exitCode = await runCommandLine(process.argv.slice(2));
  }
}

void main();
