import assert from "node:assert/strict";
import { test } from "node:test";
import { fetchLog } from "./fetch-log.ts";

test("fetchLog() has a line for each whole file, and one for a file that is read in parts", () => {
  const lines: string[] = [];
  const tell = fetchLog((line) => lines.push(line));
  const answer = { client: "10.0.0.2", path: "/a/b", status: 200, sentBytes: 64 * 2 ** 20, tookMs: 500, isWhole: true };
  tell(answer);
  tell({ ...answer, sentBytes: 17 });
  tell({ ...answer, sentBytes: 0 });
  tell({ ...answer, isWhole: false });
  for (let times = 0; times < 3; times += 1) tell({ ...answer, status: 206, path: "/a/data" });
  tell({ ...answer, status: 404 });
  tell({ ...answer, status: 404 });
  tell({ ...answer, status: 405 });
  assert.deepEqual(lines, [
    "10.0.0.2 has fetched a/b over HTTP: 64 MiB in 0.5 s, 128 MiB/s",
    "10.0.0.2 has fetched a/b over HTTP: 17 bytes",
    "10.0.0.2 has stopped fetching a/b over HTTP",
    "10.0.0.2 reads a/data over HTTP",
    "10.0.0.2 has asked for /a/b, which is not served",
    "10.0.0.2 has been refused /a/b: 405",
  ]);
});
