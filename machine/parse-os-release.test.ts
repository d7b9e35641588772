import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { run } from "#os/exec";
import { parseOsRelease } from "./parse-os-release.ts";

test("parseOsRelease() reads quoted, bare and missing fields", () => {
  const text = `# comment\nNAME="Rocky Linux"\nID="rocky"\nID_LIKE="rhel centos fedora"\nVERSION_ID='9.4'\nPRETTY_NAME="Rocky \\"Blue\\" 9"\n`;
  assert.deepEqual(parseOsRelease(text), {
    id: "rocky",
    idLike: ["rhel", "centos", "fedora"],
    versionId: "9.4",
    prettyName: 'Rocky "Blue" 9',
  });
  assert.deepEqual(parseOsRelease(""), { id: "linux", idLike: [], versionId: undefined, prettyName: "linux" });
});

test(
  "parseOsRelease() agrees with the shell on this machine's own file",
  { skip: existsSync("/etc/os-release") ? false : "no /etc/os-release here" },
  async () => {
    const shell = await run(["sh", "-c", '. /etc/os-release; printf "%s|%s|%s" "$ID" "$ID_LIKE" "$PRETTY_NAME"']);
    const own = parseOsRelease(readFileSync("/etc/os-release", "utf8"));
    assert.equal([own.id, own.idLike.join(" "), own.prettyName].join("|"), shell.stdout);
  },
);
