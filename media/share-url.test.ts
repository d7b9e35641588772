// URLs of shares, and what mounts them.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { mountShareCommand, parseShareUrl, type ShareMode } from "./share-url.ts";

const COMMANDS: readonly (readonly [url: string, mode: ShareMode, command: string])[] = [
  ["nfs://nas/export/backup/", "rw", "mount -t nfs -o rw nas:/export/backup /mnt"],
  ["nfs://10.0.0.1:2050/x?options=vers=3,nolock", "ro", "mount -t nfs -o ro,port=2050,vers=3,nolock 10.0.0.1:/x /mnt"],
  ["nfs://[fd00::1]/x", "ro", "mount -t nfs -o ro [fd00::1]:/x /mnt"],
  ["nfs://nas", "ro", "mount -t nfs -o ro nas:/ /mnt"],
  ["cifs://nas/share", "rw", "mount -t cifs -o rw,uid=0,gid=0,file_mode=0600,dir_mode=0700,guest //nas/share /mnt"],
  [
    "cifs://ada@nas:1445/share/dir?options=credentials=/root/.smb",
    "ro",
    "mount -t cifs -o ro,uid=0,gid=0,file_mode=0600,dir_mode=0700,username=ada,port=1445,credentials=/root/.smb //nas/share/dir /mnt",
  ],
  [
    "cifs://nas/share?options=credentials=/root/.smb",
    "ro",
    "mount -t cifs -o ro,uid=0,gid=0,file_mode=0600,dir_mode=0700,credentials=/root/.smb //nas/share /mnt",
  ],
  ["ssh://nas/srv/backup", "ro", "sshfs -o ro,ServerAliveInterval=15,ServerAliveCountMax=8 nas:/srv/backup /mnt"],
  [
    "ssh://ada@nas:2222/srv?options=IdentityFile=/root/key",
    "rw",
    "sshfs -p 2222 -o rw,ServerAliveInterval=15,ServerAliveCountMax=8,IdentityFile=/root/key ada@nas:/srv /mnt",
  ],
];

describe("mountShareCommand()", () => {
  for (const [url, mode, command] of COMMANDS) {
    test(`mounts ${url} ${mode}`, () => assert.equal(mountShareCommand(parseShareUrl(url)!, "/mnt", mode).join(" "), command));
  }
});

test("parseShareUrl() leaves alone what is no share", () => {
  for (const place of ["/mnt/backup", "iso:/mnt", "file:///mnt", "usb:/dev/sdb", "nfsserver:/x", "http://nas/x"])
    assert.equal(parseShareUrl(place), undefined);
});

const WRONG: readonly (readonly [url: string, state: RegExp])[] = [
  ["nfs:/export", /not of that form/],
  ["nfs:///export", /not of that form/],
  ["ssh://na s/x", /not of that form/],
  ["nfs://ada@nas/x", /no users/],
  ["cifs://nas", /names no share/],
  ["cifs://ada:secret@nas/x", /password/],
];

describe("parseShareUrl() refuses", () => {
  for (const [url, state] of WRONG) {
    test(url, () =>
      assert.throws(
        () => parseShareUrl(url),
        (error: Error) => state.test(error.message) && !error.message.includes("secret"),
      ),
    );
  }
});
