// For tests: the root of a small machine with programs of its own, shell scripts for a static busybox, that run inside it.

import { run } from "#os/exec";
import { changeMode, copyFile, isExecutable, makeDirectory, makeSymlink, realPath, writeFile } from "#os/files";
import { isRoot } from "#os/user";

export interface FakeMachine {
  /** Content by path; paths that end with a slash are directories. */
  readonly files?: Readonly<Record<string, string>>;
  /** Targets by path. */
  readonly links?: Readonly<Record<string, string>>;
  /** Shell scripts by path. */
  readonly programs?: Readonly<Record<string, string>>;
}

/** Where programs of a machine are mounted, all that they find of their own. */
const DIRECTORIES = ["bin", "proc", "sys", "dev", "run", "tmp"];

export async function makeFakeMachine(root: string, { files = {}, links = {}, programs = {} }: FakeMachine): Promise<void> {
  const place = async (path: string) => {
    await makeDirectory(`${root}${path}`.replace(/[^/]*$/, ""));
    return `${root}${path}`;
  };
  for (const directory of DIRECTORIES) await place(`/${directory}/`);
  for (const [path, target] of Object.entries(links)) await makeSymlink(target, await place(path));
  for (const [path, content] of Object.entries(files)) {
    const file = await place(path);
    if (!path.endsWith("/")) await writeFile(file, content);
  }
  for (const [path, script] of Object.entries(programs)) {
    const file = await place(path);
    await writeFile(file, `#!/bin/busybox sh\nset -e\n${script}\n`);
    await changeMode(file, 0o755);
  }
  const busybox = await staticBusybox();
  if (busybox !== undefined) await copyFile(busybox, `${root}/bin/busybox`);
}

/** Why programs cannot be run in it here; undefined when they can. */
export async function noChroot(): Promise<string | undefined> {
  if (!isRoot()) return "only root may change the root directory";
  return (await staticBusybox()) === undefined ? "there is no static busybox here" : undefined;
}

async function staticBusybox(): Promise<string | undefined> {
  for (const path of ["/usr/bin/busybox", "/bin/busybox"]) {
    if (!(await isExecutable(path))) continue;
    const file = await realPath(path);
    const { exitCode, stdout } = await run(["ldd", file], { okCodes: [0, 1] });
    if (exitCode === 1 || /statically linked/.test(stdout)) return file;
  }
  return undefined;
}
