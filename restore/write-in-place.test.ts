import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { run } from "#os/exec";
import { archiveTree } from "../archive/set-for-tests.ts";
import { FILES_REQUEST } from "./files-request-for-tests.ts";
import { restoreFiles } from "./restore-files.ts";

describe("restoreFiles() of files that are written in place", () => {
  let scratch: string;
  let mounted: string;

  before(async () => {
    scratch = await mkdtemp("/tmp/lifeboat-test-");
    mounted = join(scratch, "btrfs");
    await mkdir(mounted);
    const image = join(scratch, "image");
    await run(["truncate", "--size=200M", image]);
    await run(["mkfs.btrfs", "--quiet", image]);
    await run(["mount", "-o", "loop", image, mounted]);
    await mkdir(join(mounted, "made/journal"), { recursive: true });
    const make = `
      touch disk; chattr +C disk journal; seq 100000 > disk; setcap cap_net_raw=ep disk; ln disk 'other
name'; echo line > journal/a; touch -d '2001-02-03 04:05:06.789' disk journal/a journal .`;
    await run(["bash", "-c", make], { cwd: join(mounted, "made") });
  });

  after(async () => {
    await run(["umount", mounted]);
    await rm(scratch, { recursive: true });
  });

  test("brings them back with flag, links, capabilities and times, and leaves nothing beside them", async () => {
    const set = await archiveTree(join(mounted, "made"), join(scratch, "set"));
    const to = join(mounted, "restored");
    const outcome = await restoreFiles({ ...FILES_REQUEST, only: ["/"], set, to });
    assert.deepEqual(outcome.differences, []);
    const { stdout } = await run(["bash", "-c", "lsattr -d disk journal journal/a | cut -c 16; stat -c %h disk; getcap disk; ls -A"], {
      cwd: to,
    });
    assert.equal(stdout, "C\nC\nC\n2\ndisk cap_net_raw=ep\ndisk\njournal\nother\nname\n");
  });

  test("tells of the flag where the place has none like it", async () => {
    const set = await archiveTree(join(mounted, "made"), join(scratch, "set-2"));
    const { differences } = await restoreFiles({ ...FILES_REQUEST, only: ["/"], set, to: join(scratch, "elsewhere") });
    assert.deepEqual(
      differences.map(({ path, what }) => `${path}: ${what}`),
      ["/disk", "/journal", "/journal/a"].map((path) => `${path}: inode flags none instead of C`),
    );
  });
});
