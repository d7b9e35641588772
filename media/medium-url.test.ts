import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { nfsUrlOf, parseMediumUrl, type MediumUrl } from "./medium-url.ts";

const URLS: readonly (readonly [text: string, url: MediumUrl])[] = [
  ["usb:/dev/sdb", { scheme: "device", device: "/dev/sdb" }],
  ["cd:/dev/sr0", { scheme: "device", device: "/dev/sr0" }],
  ["/dev/disk/by-label/RESCUE", { scheme: "device", device: "/dev/disk/by-label/RESCUE" }],
  ["http://10.0.2.2:8099/lifeboat", { scheme: "http", url: "http://10.0.2.2:8099/lifeboat" }],
  ["https://server/", { scheme: "http", url: "https://server" }],
  ["http://server", { scheme: "http", url: "http://server" }],
  // What old iPXE hands over.
  ["http://10.0.2.2:8099/boot.ipxe/../lifeboat", { scheme: "http", url: "http://10.0.2.2:8099/lifeboat" }],
  ["http://server/a//./b/", { scheme: "http", url: "http://server/a/b" }],
  ["http://server/../../x", { scheme: "http", url: "http://server/x" }],
  ["nfs://192.168.0.10/mondo", { scheme: "nfs", server: "192.168.0.10", path: "/mondo" }],
  ["nfs://server", { scheme: "nfs", server: "server", path: "/" }],
  ["tftp://10.0.2.2/", { scheme: "tftp", server: "10.0.2.2", path: "/" }],
  ["tftp://10.0.2.2/a/b/", { scheme: "tftp", server: "10.0.2.2", path: "/a/b" }],
];

for (const [text, url] of URLS) test(`parseMediumUrl() reads ${text}`, () => assert.deepEqual(parseMediumUrl(text), url));

for (const text of ["", "ftp://server/x", "http://", "http:///x", "nfs:", "server:/path", "usb:sdb", "http://server/a b"]) {
  test(`parseMediumUrl() refuses "${text}" and says what is known`, () => {
    const message = `Cannot use the medium "${text}" as it must be a URL of a known kind: "${text}" is none`;
    assert.throws(() => parseMediumUrl(text), { message, exitCode: 2 });
  });
}

test("nfsUrlOf() takes MondoRescue's spelling, and a server without a path", () => {
  assert.equal(nfsUrlOf("192.168.0.10:/mondo"), "nfs://192.168.0.10/mondo");
  assert.equal(nfsUrlOf("192.168.0.10"), "nfs://192.168.0.10");
});

test("parseMediumUrl() leaves no dots and no empty segments in any path, and reads its own result again", () => {
  const segment = fc.constantFrom("a", "lifeboat", ".", "..", "", "b.c");
  const property = fc.property(fc.constantFrom("nfs", "tftp"), fc.array(segment), (scheme, segments) => {
    const url = parseMediumUrl(`${scheme}://server/${segments.join("/")}`);
    assert.ok(url.scheme === "nfs" || url.scheme === "tftp");
    assert.match(url.path, /^(?:\/|(?:\/(?!\.\.?(?:\/|$))[^/]+)+)$/);
    assert.deepEqual(parseMediumUrl(`${scheme}://${url.server}${url.path}`), url);
  });
  fc.assert(property);
});
