// Where nobody watches, the next tape is waited for, and not for ever.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { MediumRequest } from "./medium-changer.ts";
import { patientChanger } from "./patient-changer.ts";

const REQUEST: MediumRequest = {
  what: "tape",
  use: "write",
  number: 2,
  setId: "web1-20261121T194500Z",
  place: "/dev/nst0",
  problem: undefined,
};

function patience() {
  const said: string[] = [];
  let ms = 0;
  const clock = {
    nowMs: () => ms,
    sleep: async (milliseconds: number) => void (ms += milliseconds),
    say: (line: string) => void said.push(line),
  };
  return { changer: patientChanger(clock), said, passedMs: () => ms };
}

test("a loader that brings the next tape by itself is waited for", async () => {
  const { changer, said, passedMs } = patience();
  const arrived = async () => (passedMs() >= 60_000 ? "/dev/nst0" : undefined);
  assert.equal(await changer.next({ ...REQUEST, problem: "it is tape 1 of web1", arrived }), "/dev/nst0");
  assert.equal(passedMs(), 60_000);
  assert.deepEqual(said, [
    "that is not it: it is tape 1 of web1",
    "Put an empty tape, to become tape 2 of web1-20261121T194500Z, into /dev/nst0",
  ]);
});

test("after a quarter of an hour, or where a drive cannot tell, it ends with what is missing", async () => {
  const { changer, passedMs } = patience();
  await assert.rejects(changer.next({ ...REQUEST, arrived: async () => undefined }), {
    exitCode: 3,
    message: /tape 2 .*: nothing has come for 15 minutes$/,
  });
  assert.equal(passedMs(), 15 * 60_000);
  await assert.rejects(changer.next(REQUEST), { exitCode: 3, message: /there is no terminal to ask for it$/ });
  assert.equal(passedMs(), 15 * 60_000);
});
