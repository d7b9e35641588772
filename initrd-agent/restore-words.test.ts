// What the boot words say about a restore; what makes no sense must never make it less careful.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseBootWords } from "./boot-words.ts";
import { restoreWords, unmetWords, type RestoreWords } from "./restore-words.ts";

const USUAL: RestoreWords = {
  map: new Map(),
  cards: new Map(),
  types: new Map(),
  groups: new Map(),
  excluded: [],
  wipe: [],
  noResize: false,
  cloneName: undefined,
  keep: [],
  noPartition: false,
  noArrays: false,
  noVolumes: false,
  luksKey: undefined,
  gateMode: "full",
  acceptDamage: false,
  check: true,
  again: undefined,
  afterwards: undefined,
};

const read = (line: string) => restoreWords(parseBootWords(line));

describe("restoreWords() reads", () => {
  const cases: readonly (readonly [line: string, expected: Partial<RestoreWords>])[] = [
    ["nuke quiet", {}],
    ["lifeboat.wipe=WX1,naa.5000", { wipe: ["WX1", "naa.5000"] }],
    ['"lifeboat.wipe=QM 00 1"', { wipe: ["QM 00 1"] }],
    ["lifeboat.wipe=QM%2000%201,A%2cB,50%", { wipe: ["QM 00 1", "A,B", "50%"] }],
    ["lifeboat.map=QM%201=A%2CB", { map: new Map([["QM 1", "A,B"]]) }],
    ["excludedevs=QM%201,sdb", { excluded: ["QM 1", "sdb"] }],
    [
      "lifeboat.map=sda=S1,WX2=nvme0n1",
      {
        map: new Map([
          ["sda", "S1"],
          ["WX2", "nvme0n1"],
        ]),
      },
    ],
    ["lifeboat.map=sda=t10.a=b", { map: new Map([["sda", "t10.a=b"]]) }],
    ['excludedevs="sdb WX3,/dev/sdc"', { excluded: ["sdb", "WX3", "/dev/sdc"] }],
    ["lifeboat.gate=quick lifeboat.damage=accept lifeboat.check=none", { gateMode: "quick", acceptDamage: true, check: false }],
    ["lifeboat.again=web-20260101T000000Z lifeboat.then=poweroff", { again: "web-20260101T000000Z", afterwards: "poweroff" }],
    ["noresize lifeboat.luks=LABEL=KEYS:/boat.key", { noResize: true, luksKey: "LABEL=KEYS:/boat.key" }],
    ["lifeboat.keep=/data,UUID=a-b nopart", { keep: ["/data", "UUID=a-b"], noPartition: true }],
    ["lifeboat.filesystem=/srv=ext4", { types: new Map([["/srv", "ext4"]]) }],
    ["lifeboat.volumegroup=data=system", { groups: new Map([["data", "system"]]) }],
    ["lifeboat.nic=ens3=52:54:00:00:00:01", { cards: new Map([["ens3", "52:54:00:00:00:01"]]) }],
    ["lifeboat.clone=%h-2", { cloneName: "%h-2" }],
    ["nomd nolvm", { noArrays: true, noVolumes: true }],
    ["lifeboat.then=shell", { afterwards: "shell" }],
    ["lifeboat.then=reboot", { afterwards: "reboot" }],
    // A pair that is none is refused by the planner, by name: no disk is chosen in its place.
    ["lifeboat.map=WX1", { map: new Map([["WX1", ""]]) }],
    ["lifeboat.map==WX1", { map: new Map([["", "WX1"]]) }],
    // Mistyped: as if they were not there, and said to be problems.
    ["lifeboat.gate=quik lifeboat.damage=yes lifeboat.check=no lifeboat.then=halt lifeboat.wype=X", {}],
    ["lifeboat.wipe= lifeboat.map=", {}],
  ];
  for (const [line, expected] of cases) test(line, () => assert.deepEqual(read(line), { ...USUAL, ...expected }));
});

test("unmetWords() names what would spare something, or do something first, and cannot yet", () => {
  const line = 'nuke noresize nopart nolvm nomd nohw textonly donteject "pre=a b" post=c prefix=d excludedevs=sdb pxe';
  assert.deepEqual(unmetWords(parseBootWords(line)), ["pre=", "post="]);
  assert.deepEqual(unmetWords(parseBootWords("nuke noresize textonly usb=/dev/sdb lifeboat.wipe=pre")), []);
});
