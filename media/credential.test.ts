import assert from "node:assert/strict";
import { test } from "node:test";
import { credentialInOptions, credentialOf } from "./credential.ts";

const PLACES: readonly (readonly [place: string, answer: string | undefined])[] = [
  ["http://10.0.0.1:8080/web1", undefined],
  ["nfs://nas/backup/a@b", undefined],
  ["192.168.0.10:/mondo", undefined],
  ["usb:/dev/sdb", undefined],
  ["https://joe:secret@nas/web1", "its URL names a user"],
  ["http://joe@nas", "its URL names a user"],
  ["ssh://root@nas/backup", "ssh: lets in who has a password or a key"],
  ["cifs://nas/backup", "cifs: lets in who has a password or a key"],
];

for (const [place, answer] of PLACES) test(`credentialOf() knows about ${place}`, () => assert.equal(credentialOf(place), answer));

test("credentialInOptions() sees Kerberos among mount options", () => {
  assert.equal(credentialInOptions("vers=4.2,sec=krb5p,port=2049"), "sec=krb5p wants a ticket");
  assert.equal(credentialInOptions("sec=sys,vers=3"), undefined);
});
