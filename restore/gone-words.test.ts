// Texts without words that wait for what is gone: those words alone go, and the blanks that parted them.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { withoutGoneWords } from "./gone-words.ts";
import { namesArray, withoutArrayPaths } from "./grub-arrays.ts";

const GONE = {
  arrays: ["5c1d2bf48a6e40f99a556c1a3c5d0e77"],
  volumes: ["old", "vg0/gone"],
  containers: ["a652cb0d66a54a0ea09ab106fdf49af7"],
  swaps: ["/dev/sdb4", "UUID=249e68a9-c50c-45e4-9da8-d3d7d7f62d63", "LABEL=swap2"],
};
const ARRAY = "rd.md.uuid=5c1d2bf4:8a6e40f9:9a556c1a:3c5d0e77";
const OTHER = "rd.md.uuid=11111111:22222222:33333333:44444444";
const SWAP = "resume=UUID=249e68a9-c50c-45e4-9da8-d3d7d7f62d63";

describe("withoutGoneWords() takes out", () => {
  const cases: readonly (readonly [what: string, before: string, after: string])[] = [
    ["a word between others", `linux /vmlinuz root=x ${ARRAY} ro`, "linux /vmlinuz root=x ro"],
    ["the first in quotes", `X="${ARRAY} quiet"`, 'X="quiet"'],
    ["the last in quotes", `X='quiet ${ARRAY}'`, "X='quiet'"],
    ["the only one", `X="${ARRAY}"`, 'X=""'],
    ["several, with whatever stands between", `X="${ARRAY} a ${SWAP}\t${ARRAY} b"`, 'X="a b"'],
    ["what GRUB's environment begins with", `kernelopts=${ARRAY} ro`, "kernelopts=ro"],
    ["other spellings of a UUID", "a rd.md.uuid=5C1D2BF4-8A6E-40F9-9A55-6C1A3C5D0E77", "a"],
    ["the old name of the word", "a rd_MD_UUID=5c1d2bf4:8a6e40f9:9a556c1a:3c5d0e77", "a"],
    ["groups, and all of their volumes", "rd.lvm.vg=old rd.lvm.lv=old/root rd_LVM_LV=old/swap a", "a"],
    ["a volume alone", "rd.lvm.vg=vg0 rd.lvm.lv=vg0/gone rd.lvm.lv=vg0/root", "rd.lvm.vg=vg0 rd.lvm.lv=vg0/root"],
    ["LUKS by its name for dracut", "rd.luks.uuid=luks-a652cb0d-66a5-4a0e-a09a-b106fdf49af7 a", "a"],
    ["LUKS by a beginning", "a rd.luks.uuid=a652cb0d-66 rd_LUKS_UUID=luks-A652CB0D", "a"],
    ["LUKS with a name", "a luks.name=a652cb0d-66a5-4a0e-a09a-b106fdf49af7=safe rd.luks.name=a652cb0d-66a5-4a0e-a09a-b106fdf49af7=s", "a"],
    ["resume= with its offset, which stands anywhere", `resume_offset=34816 a ${SWAP.toUpperCase().replace("RESUME", "resume")} b`, "a b"],
    ["resume= by other names", "a resume=/dev/sdb4 b\nresume=LABEL=swap2", "a b\n"],
    ["initramfs-tools' setting, which becomes a comment", "RESUME=/dev/sdb4\n", "# not made again by Lifeboat: RESUME=/dev/sdb4\n"],
    ["the same in quotes", 'RESUME="LABEL=swap2"', '# not made again by Lifeboat: RESUME="LABEL=swap2"'],
  ];
  for (const [what, before, after] of cases) {
    test(what, () => {
      assert.equal(withoutGoneWords(before, GONE), after);
      assert.equal(withoutGoneWords(after, GONE), after, "again");
    });
  }

  test("nothing else", () => {
    const text = [
      `# ${ARRAY}`,
      OTHER,
      "rd.lvm.vg=vg0 rd.lvm.vg=older rd.lvm.lv=vg0/gone2 rd.luks.uuid=a652 rd.luks.uuid=b652cb0d",
      "resume=/dev/sdb40 resume=LABEL=swap xresume=/dev/sdb4 no.resume=/dev/sdb4 noresume resume_offset=1",
      "RESUME=none",
      "rd.luks=1 rd.lvm=1 rd.md=0 rd.md.uuid=",
      "\xff\xe4 quiet \x80",
    ].join("\n");
    assert.equal(withoutGoneWords(text, GONE), text);
  });
});

describe("GRUB's names of an array that ends", () => {
  const ARRAYS = [{ id: "md0", names: ["mduuid/5c1d2bf48a6e40f99a556c1a3c5d0e77", "md/web1:boot", "md/boot", "md0"], uuid: "7a61" }];

  test("withoutArrayPaths() lets a configuration look for the file system", () => {
    const cases = [
      ["set prefix=(md/boot)/grub2", "search --no-floppy --fs-uuid --set=root 7a61\nset prefix=($root)/grub2"],
      ["\tset root=(mduuid/5c1d2bf48a6e40f99a556c1a3c5d0e77)", "\tsearch --no-floppy --fs-uuid --set=root 7a61\n\tset root=($root)"],
      ["linux (md0)/a (md0)/b", "search --no-floppy --fs-uuid --set=root 7a61\nlinux ($root)/a ($root)/b"],
      ["# (md0)/a", "# (md0)/a"],
      ["set root='mduuid/5c1d2bf48a6e40f99a556c1a3c5d0e77'", "set root='mduuid/5c1d2bf48a6e40f99a556c1a3c5d0e77'"],
      ["set root=(md1)", "set root=(md1)"],
    ] as const;
    for (const [before, after] of cases) assert.equal(withoutArrayPaths(before, ARRAYS), after);
  });

  test("namesArray() sees them in programs and hints, and not in words that only look alike", () => {
    const cases = [
      ["\0(mduuid/5c1d2bf48a6e40f99a556c1a3c5d0e77)/boot/grub\0", true],
      ["search --hint='mduuid/5c1d2bf48a6e40f99a556c1a3c5d0e77' x", true],
      ["(md/boot)/grub", true],
      ["(md/boot,gpt1)/grub", true],
      ["mduuid/%s md/boot insmod md0", false],
      ["(md/boot2)", false],
      ["(mduuid/11111111222222223333333344444444)", false],
    ] as const;
    for (const [text, expected] of cases) assert.equal(namesArray(text, ARRAYS), expected, text);
  });
});
