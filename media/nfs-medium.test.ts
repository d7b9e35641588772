import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { startWorkerShell } from "#os/worker-shell";
import { addressInAnswer, nfsVersions, openNfsMedium } from "./nfs-medium.ts";

const root = mkdtempSync(join(tmpdir(), "lifeboat-nfs-"));
const shell = startWorkerShell();
after(async () => {
  await shell[Symbol.asyncDispose]();
  rmSync(root, { recursive: true });
});

const COMMON = "ro,addr=10.0.2.2,proto=tcp,soft,timeo=100";

test("nfsVersions() tries the newest first, and version 3 without a lock daemon", () => {
  assert.deepEqual(
    nfsVersions("10.0.2.2", undefined).map(({ options }) => options),
    [`vers=4.2,${COMMON}`, `vers=4.1,${COMMON}`, `vers=4.0,${COMMON}`, `vers=3,nolock,mountproto=tcp,${COMMON}`],
  );
});

const NAMED: readonly (readonly [nfsopt: string, versions: string, extra: string])[] = [
  ["vers=3,port=2050", "3", ",port=2050"],
  ["nfsvers=4", "4.2 4.1 4.0", ""],
  ["vers=4.1", "4.1", ""],
  ["v3", "3", ""],
  ["hard,vers=4", "4.2 4.1 4.0", ",hard"],
  ["vers=9", "4.2 4.1 4.0 3", ""],
  ["", "4.2 4.1 4.0 3", ""],
];

for (const [nfsopt, versions, extra] of NAMED) {
  test(`nfsVersions() keeps to "nfsopt=${nfsopt}"`, () => {
    const all = nfsVersions("10.0.2.2", nfsopt);
    assert.equal(all.map(({ name }) => name).join(" "), versions);
    for (const { options } of all) assert.ok(options.endsWith(`${COMMON}${extra}`), options);
  });
}

test("addressInAnswer() takes the server's address and not the name server's", () => {
  const answer = "Server:\t\t10.0.2.3\nAddress:\t10.0.2.3:53\n\nNon-authoritative answer:\nName:\tnas.example\nAddress: 192.0.2.7\n";
  assert.equal(addressInAnswer(answer), "192.0.2.7");
  const old =
    "Server:    10.0.2.3\nAddress 1: 10.0.2.3\n\nName:      nas.example\nAddress 1: 2001:db8::7\nAddress 2: 192.0.2.8 nas.example\n";
  assert.equal(addressInAnswer(old), "192.0.2.8");
  assert.equal(addressInAnswer("Server:\t\t10.0.2.3\nAddress:\t10.0.2.3:53\n\n** server can't find nas: NXDOMAIN\n"), undefined);
});

test("openNfsMedium() says within seconds that nobody listens there, before the kernel would try for minutes", async () => {
  const url = { scheme: "nfs", server: "127.0.0.1", path: "/export" } as const;
  const options = { run: shell.run, mountPoint: join(root, "mnt"), needFileSystem: async () => undefined, nfsOptions: "port=1" };
  await assert.rejects(openNfsMedium(url, options), {
    message: /^Cannot reach the NFS server "127\.0\.0\.1" as it must answer on port 1: .*refused/,
  });
});
