// A share on the network as medium: a real SSH server on this machine, mounted and let go of by each command.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { run, start, type RunningProcess } from "#os/exec";
import { freePort } from "../test/free-port.ts";
import { lifeboat, MAIN } from "./command-line-for-tests.ts";

const needed = ["/usr/sbin/sshd", "/usr/bin/sshfs", "/dev/fuse"];
const skip = process.getuid?.() === 0 && needed.every((path) => existsSync(path)) ? false : `needs root and ${needed.join(", ")}`;

const scratch = await mkdtemp(join(tmpdir(), "lifeboat-share-"));
const store = join(scratch, "store");
let server: RunningProcess | undefined;
let port = 0;

const shareAt = (path: string) =>
  `ssh://root@127.0.0.1:${port}${path}?options=IdentityFile=${scratch}/user,UserKnownHostsFile=${scratch}/known,BatchMode=yes`;

before(async () => {
  if (skip !== false) return;
  await mkdir(store);
  await mkdir("/run/sshd", { recursive: true });
  await run(["sh", "-c", "ssh-keygen -q -t ed25519 -N '' -f host; ssh-keygen -q -t ed25519 -N '' -f user"], { cwd: scratch });
  port = await freePort();
  const settings = [
    `Port ${port}`,
    "ListenAddress 127.0.0.1",
    `HostKey ${scratch}/host`,
    "PidFile none",
    `AuthorizedKeysFile ${scratch}/user.pub`,
    "StrictModes no",
    "UsePAM no",
    "PermitRootLogin yes",
    "Subsystem sftp internal-sftp",
  ];
  await writeFile(join(scratch, "sshd"), `${settings.join("\n")}\n`);
  await writeFile(join(scratch, "known"), `[127.0.0.1]:${port} ${await readFile(join(scratch, "host.pub"), "utf8")}`);
  server = start(["/usr/sbin/sshd", "-D", "-e", "-f", join(scratch, "sshd")]);
  for (let tries = 0; tries < 100 && !(await answers()); tries += 1) await pause();
});
after(async () => {
  await server?.[Symbol.asyncDispose]();
  await rm(scratch, { recursive: true });
});

const pause = () => new Promise((resolve) => void setTimeout(resolve, 100));

async function answers(): Promise<boolean> {
  return (await run(["ssh-keyscan", "-p", `${port}`, "127.0.0.1"], { okCodes: [0, 1] })).stdout !== "";
}

/** The processes that a process has started, and theirs. */
async function below(pid: number): Promise<readonly string[]> {
  const children = (await run(["pgrep", "--parent", `${pid}`], { okCodes: [0, 1] })).stdout.split("\n").filter((line) => line !== "");
  const all = await Promise.all(children.map(async (child) => [child, ...(await below(Number(child)))]));
  return all.flat();
}

async function mounts(): Promise<readonly string[]> {
  const table = await readFile("/proc/mounts", "utf8");
  return table.split("\n").filter((line) => line.includes(`:${store}`));
}

describe("a share by SSH", { skip }, () => {
  test("is written to, listed, verified and restored from, and nothing stays mounted", async () => {
    const archived = await lifeboat(["archive", "-I", "/etc/ssh", shareAt(store)]);
    assert.equal(archived.exitCode, 0, archived.stderr);
    assert.match(archived.stdout, new RegExp(`^ssh://root@127\\.0\\.0\\.1:${port}${store}/\\S+Z  `));
    const id = (await readdir(store)).find((name) => name.endsWith("Z")) ?? "";
    assert.match((await lifeboat(["list", shareAt(store)])).stdout, new RegExp(`^${id}  files`));
    const verified = await lifeboat(["verify", shareAt(`${store}/${id}`)]);
    assert.deepEqual([verified.exitCode, /no damage/.test(verified.stdout)], [0, true], verified.stderr);
    const restored = await lifeboat(["restore", shareAt(store), "--only", "/etc/ssh", "--to", join(scratch, "back")]);
    assert.equal(restored.exitCode, 0, restored.stderr);
    await run(["diff", "-r", "/etc/ssh", join(scratch, "back/etc/ssh")]);
    assert.deepEqual(await mounts(), []);
  });

  test("that is not there, or has no set, is named by its URL", async () => {
    const absent = await lifeboat(["list", shareAt(join(scratch, "none"))]);
    assert.equal(absent.exitCode, 3);
    assert.match(absent.stderr, /^lifeboat: Cannot mount "ssh:\/\/root@.*none\?options=.*: No such file or directory$/m);
    await mkdir(join(scratch, "empty"));
    const empty = await lifeboat(["verify", shareAt(join(scratch, "empty"))]);
    assert.equal(empty.exitCode, 2);
    assert.match(empty.stderr, new RegExp(`^lifeboat: Cannot open "ssh://root@127\\.0\\.0\\.1:${port}${scratch}/empty" as a set: `));
  });

  test("is let go of when a signal ends the archive, which leaves no set", async () => {
    const before = await readdir(store);
    assert.equal(before.length, 2);
    const archive = start([process.execPath, MAIN, "archive", "-I", "/usr", shareAt(store)]);
    for (let tries = 0; tries < 300 && (await readdir(store)).filter((name) => name.endsWith("Z")).length < 2; tries += 1) await pause();
    assert.equal((await mounts()).length, 1);
    archive.kill("SIGTERM");
    await archive.exited;
    assert.deepEqual(await mounts(), []);
    assert.deepEqual(await readdir(store), before);
  });

  test("that is full ends the archive with its reason, and nothing there is called a set", async () => {
    const full = join(scratch, "full");
    await mkdir(full);
    await run(["mount", "-t", "tmpfs", "-o", "size=4M", "tmpfs", full]);
    try {
      const archived = await lifeboat(["archive", "-I", process.execPath, shareAt(full)]);
      assert.equal(archived.exitCode, 4, archived.stderr);
      assert.match(archived.stderr, new RegExp(`^lifeboat: Cannot write "ssh://root@127\\.0\\.0\\.1:${port}${full}/`, "m"));
      assert.deepEqual(await readdir(full), []);
      assert.deepEqual(await mounts(), []);
    } finally {
      await run(["umount", full]);
    }
  });

  test("that does not answer for 20 seconds is waited for", async () => {
    const away = join(scratch, "away");
    await mkdir(away);
    const archive = start([process.execPath, MAIN, "archive", "-I", process.execPath, shareAt(away)]);
    for (let tries = 0; tries < 300 && (await readdir(away)).length === 0; tries += 1) await pause();
    let isOver = false;
    void archive.exited.then(() => (isOver = true));
    const sessions = await below(server!.pid);
    assert.ok(sessions.length > 0);
    await run(["kill", "-STOP", ...sessions]);
    try {
      for (let tenths = 0; tenths < 200; tenths += 1) await pause();
      assert.equal(isOver, false);
    } finally {
      await run(["kill", "-CONT", ...sessions]);
    }
    const { exitCode } = await archive.exited;
    assert.equal(exitCode, 0);
    assert.equal((await lifeboat(["verify", shareAt(away)])).exitCode, 0);
  });
});
