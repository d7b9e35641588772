// The hand-off before anything is looked at that could be restored to: what keeps nuke from starting, and where the set is looked for.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseBootWords } from "../boot-words.ts";
import { newState, type AgentContext } from "../context.ts";
import type { StageSignal } from "../stage.ts";
import { handOff } from "./hand-off.ts";

/** Nothing is mounted, and no module loaded: the shell fails with every command, and keeps it. */
function contextFor(line: string, image: Partial<AgentContext["image"]> = {}) {
  const commands: string[] = [];
  const notes: string[] = [];
  const context = {
    words: parseBootWords(line),
    image,
    modules: { byName: new Map(), aliases: [] },
    console: { screens: [], say: (text: string) => void notes.push(text), note: (text: string) => void notes.push(text) },
    shell: { run: async (command: readonly string[]) => (commands.push(command.join(" ")), { exitCode: 1, output: "refused" }) },
    state: newState([]),
  } as unknown as AgentContext;
  return { context, commands, notes };
}

const IMAGE: Partial<AgentContext["image"]> = { set: { id: "web1-20261121T194500Z", store: undefined } };

/** One look, and no waiting. */
const OVER: StageSignal = { over: true, deadlineMs: 0, hold: (waiting) => waiting };

describe("handOff()", () => {
  const quiet = [
    ["", { kind: "ok" }],
    ["expert", { kind: "ok" }],
    ["compare", { kind: "fallback", text: "no set on this medium: nothing to compare" }],
    ["nuke", { kind: "fallback", text: "no set on this medium: nothing to restore" }],
  ] as const;
  for (const [line, outcome] of quiet) {
    test(`with "${line}" does not look at any disk`, async () => {
      const { context, commands } = contextFor(line);
      assert.deepEqual([await handOff(context, OVER), commands], [outcome, []]);
      assert.equal(context.state.restore, undefined);
    });
  }

  const refused = [
    ["nuke lifeboat.wype=X", /^Cannot restore unattended as every boot word must be understood: .*the nearest is "lifeboat\.wipe"$/],
    ["nuke nopart pre=save.sh", /^Cannot restore unattended as every boot word must be obeyed: this version cannot do yet what pre= asks$/],
  ] as const;
  for (const [line, message] of refused) {
    test(`refuses "${line}" before it looks for the set`, async () => {
      const { context, commands } = contextFor(line, IMAGE);
      await assert.rejects(handOff(context, OVER), { name: "LifeboatError", exitCode: 3, message });
      assert.deepEqual(commands, []);
    });
  }

  const credentials = [
    "nuke lifeboat.medium=https://joe:secret@nas/web1",
    "nuke lifeboat.medium=ssh://root@nas/sets",
    "nuke nfsmount=nas:/sets nfsopt=vers=4.2,sec=krb5",
  ];
  for (const line of credentials) {
    test(`refuses "${line}", as nobody is there to let it in`, async () => {
      const { context, commands } = contextFor(line, IMAGE);
      const message = /^Cannot restore unattended as the medium must be one that needs no credential: /;
      await assert.rejects(handOff(context, OVER), { name: "LifeboatError", exitCode: 3, message });
      assert.deepEqual(commands, []);
    });
  }

  test("prefix= names a set on a share, and without a share there is nothing to look for", async () => {
    const { context, commands } = contextFor("nuke prefix=m1", { set: undefined });
    await assert.rejects(handOff(context, OVER), { message: 'Cannot restore "m1" as prefix= names a set on a share: no share is named' });
    assert.deepEqual(commands, []);
  });

  const sets = [
    ["nuke", "web1-20261121T194500Z"],
    ["nuke lifeboat.set=web1-20250101T000000Z", "web1-20250101T000000Z"],
  ] as const;
  for (const [line, id] of sets) {
    test(`with "${line}" looks for ${id}, and says when it is nowhere`, async () => {
      const { context } = contextFor(line, IMAGE);
      const message = `Cannot restore ${id} as its set must be on one of the disks or discs: it is on none`;
      await assert.rejects(handOff(context, OVER), { name: "LifeboatError", exitCode: 3, message });
      assert.equal(context.state.restore, undefined);
    });
  }
});
