import assert from "node:assert/strict";
import { test } from "node:test";
import { parseBootWords } from "./boot-words.ts";
import { requestedMedia, wantsNetwork, type MediumRequest } from "./requested-media.ts";

const NFS = { scheme: "nfs", server: "192.168.0.10", path: "/mondo" } as const;
const TFTP = { scheme: "tftp", server: "10.0.2.2", path: "/" } as const;
const HTTP = { scheme: "http", url: "http://server/lifeboat" } as const;
const IP = "ip=10.0.2.15:10.0.2.2:10.0.2.2:255.255.255.0";

const CASES: readonly (readonly [words: string, imageUrl: string | undefined, requests: readonly MediumRequest[]])[] = [
  ["interactive", undefined, []],
  ["interactive", "http://server/lifeboat", [HTTP]],
  // The papers' own line.
  [
    "pxe ramdisk_size=32768 prefix=m1 ipconf=eth1:192.168.0.1:255.255.255.0:192.168.0.255:192.168.0.254 nfsmount=192.168.0.10:/mondo ping=5",
    undefined,
    [NFS, { scheme: "boot-server" }],
  ],
  [`pxe ${IP}`, undefined, [TFTP]],
  [`BOOTIF=01-52-54-00-4c-42-01 ${IP}`, undefined, [TFTP]],
  ["pxe ip=10.0.2.15:0.0.0.0:10.0.2.2:255.255.255.0", undefined, [{ scheme: "boot-server" }]],
  // A local medium and a network for the restore: nothing of the tools layer comes from there.
  ["net", undefined, []],
  [IP, undefined, []],
  ["lifeboat.medium=http://server/lifeboat pxe nfsmount=192.168.0.10:/mondo", "tftp://10.0.2.2/", [HTTP]],
  ["usb=/dev/sdb", undefined, [{ scheme: "device", device: "/dev/sdb" }]],
  ["usb=sdb", undefined, [{ scheme: "device", device: "/dev/sdb" }]],
  [
    "lifeboat.medium=ftp://server/",
    undefined,
    [{ scheme: "wrong", message: 'Cannot use the medium "ftp://server/" as it must be a URL of a known kind: "ftp://server/" is none' }],
  ],
];

for (const [words, imageUrl, requests] of CASES) {
  test(`requestedMedia() for "${words}"${imageUrl === undefined ? "" : ` and an image made for ${imageUrl}`}`, () => {
    assert.deepEqual(requestedMedia(parseBootWords(words), imageUrl), requests);
  });
}

test("wantsNetwork() is true for each word that speaks of one", () => {
  const wanted = ["net", "pxe", "ipconf=eth0:dhcp", "hwaddr=52:54:00:4c:42:01", "nfsmount=server:/x"];
  for (const words of wanted) assert.equal(wantsNetwork(parseBootWords(words)), true, words);
  for (const words of ["interactive", "network", "usb=/dev/sdb"]) assert.equal(wantsNetwork(parseBootWords(words)), false, words);
});
