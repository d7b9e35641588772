import assert from "node:assert/strict";
import { test } from "node:test";
import { planCards } from "../restore/plan-network.ts";
import { askCards } from "./ask-cards.ts";

const CARDS = ["ens3", "ens4"].map((name, index) => ({
  name,
  mac: `52:54:00:00:00:a${index}`,
  driver: "e1000",
  addresses: [],
  gateway: undefined,
}));
const HERE = ["eth0", "eth1", "eth2"].map((name, index) => ({ name, mac: `52:54:00:00:00:0${index}`, driver: "virtio_net" }));

async function asked(answers: readonly string[]) {
  const questions: string[] = [];
  const named = await askCards(
    async (known) => planCards(CARDS, HERE, known).open,
    async (question) => (questions.push(question), answers[questions.length - 1] ?? ""),
  );
  return { named: [...named].join(" "), questions };
}

test("askCards() asks for one card after the other, by number or name, again after what is neither", async () => {
  const { named, questions } = await asked(["2", "9", "eth2\n"]);
  assert.equal(named, "ens3,eth1 ens4,eth2");
  assert.deepEqual(questions.slice(0, 1), [
    "The machine's network card ens3 (52:54:00:00:00:a0) is not here. What takes its place?\n" +
      "  1  eth0 (52:54:00:00:00:00)\n  2  eth1 (52:54:00:00:00:01)\n  3  eth2 (52:54:00:00:00:02)\nA number, or nothing for none: ",
  ]);
  assert.match(questions[1] ?? "", /ens4 .*\n  1  eth0 .*\n  2  eth2 /);
  assert.equal(questions.length, 3);
});

test("askCards() leaves a card open for which nothing is chosen, and ends when nobody answers", async () => {
  assert.equal((await asked(["", "1"])).named, "ens4,eth0");
  const { named, questions } = await asked([]);
  assert.deepEqual([named, questions.length], ["", 2]);
});

test("askCards() asks nothing where there is nothing to choose from", async () => {
  const named = await askCards(
    async (known) => planCards(CARDS, [], known).open,
    () => assert.fail("asked"),
  );
  assert.equal(named.size, 0);
});
