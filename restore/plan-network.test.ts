// Cards on other hardware: sure pairs are taken, doubtful ones are named; configurations know the new addresses.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { NetworkCard } from "../machine/model.ts";
import { cardRules, planCards, withNewAddresses, type PresentCard } from "./plan-network.ts";

const card = (name: string, last: string, driver = "e1000"): NetworkCard => ({
  name,
  mac: `52:54:00:00:00:${last}`,
  driver,
  addresses: [],
  gateway: undefined,
});
const here = (name: string, last: string, driver = "virtio_net"): PresentCard => ({ name, mac: `52:54:00:00:00:${last}`, driver });
const told = ({ changes }: ReturnType<typeof planCards>) =>
  changes.map(({ name, fromMac, toMac }) => `${name} ${fromMac.slice(-2)}>${toMac.slice(-2)}`);

describe("planCards()", () => {
  const NOBODY = new Map<string, string>();

  test("has nothing to change where the same cards are", () => {
    assert.deepEqual(planCards([card("ens3", "aa"), card("ens4", "bb")], [here("eth0", "bb"), here("eth1", "AA")], NOBODY), {
      changes: [],
      problems: [],
      open: [],
    });
  });

  test("takes the only one for the only one, whatever drives it", () => {
    assert.deepEqual(told(planCards([card("ens3", "aa")], [here("eth0", "01")], NOBODY)), ["ens3 aa>01"]);
  });

  test("takes those of the same driver in their order, then the rest", () => {
    const plan = planCards(
      [card("a", "aa"), card("b", "bb", "tg3"), card("c", "cc")],
      [here("eth0", "01", "tg3"), here("eth1", "02", "e1000"), here("eth2", "03", "e1000")],
      NOBODY,
    );
    assert.deepEqual(told(plan).sort(), ["a aa>02", "b bb>01", "c cc>03"]);
  });

  test("names what is doubtful, and does as a person says", () => {
    const cards = [card("ens3", "aa")];
    const present = [here("eth0", "01"), here("eth1", "02")];
    const { problems, open } = planCards(cards, present, NOBODY);
    assert.deepEqual(
      [problems, open.map(({ name, choices }) => [name, choices.map((choice) => choice.name)])],
      [
        [
          "the machine's network card ens3 (52:54:00:00:00:aa) is not here, and it may be eth0 (52:54:00:00:00:01) or eth1 (52:54:00:00:00:02): say which, with --nic ens3=NAME",
        ],
        [["ens3", ["eth0", "eth1"]]],
      ],
    );
    assert.deepEqual(told(planCards(cards, present, new Map([["ens3", "eth1"]]))), ["ens3 aa>02"]);
    assert.deepEqual(told(planCards(cards, present, new Map([["52:54:00:00:00:AA", "52:54:00:00:00:01"]]))), ["ens3 aa>01"]);
    assert.deepEqual(planCards(cards, present, new Map([["ens9", "eth1"]])).problems[0], 'the machine has no network card "ens9"');
    assert.deepEqual(planCards(cards, [], NOBODY).problems, [
      "the machine's network card ens3 (52:54:00:00:00:aa) is not here, and no card here is left for it",
    ]);
  });

  test("passes over what has no address of its own", () => {
    const others = [
      { ...card("tun0", "aa"), mac: undefined },
      { ...card("x", "aa"), mac: "00:00:00:00:00:00" },
      { ...card("br0", "aa"), driver: undefined },
    ];
    assert.deepEqual(planCards(others, [], NOBODY), {
      changes: [],
      problems: [],
      open: [],
    });
  });
});

test("withNewAddresses() writes each as it was written, and changes places in one pass", () => {
  const changes = [
    { name: "a", fromMac: "52:54:00:00:00:aa", toMac: "52:54:00:00:00:bb" },
    { name: "b", fromMac: "52:54:00:00:00:bb", toMac: "52:54:00:00:00:aa" },
  ];
  assert.equal(
    withNewAddresses("a=52:54:00:00:00:aa b=52-54-00-00-00-BB\xe4 c=52:54:00:00:00:cc d=52:54:00:00:00:aa:01", changes),
    "a=52:54:00:00:00:bb b=52-54-00-00-00-AA\xe4 c=52:54:00:00:00:cc d=52:54:00:00:00:aa:01",
  );
});

test("cardRules() keep the machine's names", () => {
  assert.equal(
    cardRules([{ name: "ens3", fromMac: "52:54:00:00:00:aa", toMac: "52:54:00:00:00:0B" }]),
    '# Written by lifeboat restore: other network cards have the names of those that were there before.\nSUBSYSTEM=="net", ACTION=="add", ATTR{address}=="52:54:00:00:00:0b", NAME="ens3"\n',
  );
});
