import assert from "node:assert/strict";
import { test } from "node:test";
import { parseModuleTree } from "kmod-parse/module-tree";
import { explainName, type Explanation, type ImageFacts } from "./explain-name.ts";
import { inspectModules } from "./inspect-modules.ts";
import type { FileEntry, PlanEntry, SymlinkEntry } from "./image-plan.ts";
import { moduleEntries, type ModuleChoice } from "./module-entries.ts";
import type { ModuleFiles } from "./module-files.ts";
import { TOOL_PROGRAMS } from "./programs.ts";

const PATHS = ["kernel/drivers/nvme/host/nvme-core.ko.xz", "kernel/drivers/nvme/host/nvme.ko.xz", "kernel/drivers/gpu/drm/ast/ast.ko.xz"];
const tree = parseModuleTree(
  {
    "modules.dep": `${PATHS[0]}:\n${PATHS[1]}: ${PATHS[0]}\n${PATHS[2]}:\nkernel/sound/odd.ko:\n`,
    "modules.alias": "alias pci:v*d*sv*sd*bc01sc08i02* nvme\nalias pci:v00001A03d*sv*sd*bc*sc*i* ast\n",
    "modules.softdep": "softdep nvme pre: nowhere\n",
    "modules.builtin": "kernel/drivers/char/rtc.ko\n",
    "modules.builtin.modinfo": "rtc.license=GPL\0",
  },
  [],
);
const moduleFiles: ModuleFiles = {
  tree,
  files: new Map([...tree.modules.values()].map(({ name, path }) => [name, { path, hostPath: `/unpacked/${name}`, sizeBytes: 100 }])),
  firmware: new Map([
    ["ast", ["ast_dp501_fw.bin", "ast/*.fw"]],
    ["rtc", ["rtc.bin"]],
  ]),
};

const library: FileEntry = {
  type: "file",
  path: "usr/lib/libdisk.so.1",
  mode: 0o644,
  layer: "tools",
  group: "libraries",
  because: ["usr/sbin/sfdisk needs libdisk.so.1", "sfdisk reads and writes partition tables"],
  sizeBytes: 7,
  content: { hostPath: "/usr/lib/libdisk.so.1" },
};
const applet: SymlinkEntry = {
  type: "symlink",
  path: "usr/bin/mount",
  mode: 0o777,
  layer: "initramfs",
  group: "init",
  because: ["init and the shell of the rescue system"],
  target: "busybox",
};
const program: FileEntry = { ...library, path: "usr/bin/mount", group: "programs", because: ["mount mounts file systems"] };

function facts(choice: Partial<ModuleChoice> = {}, withFirmware = true): ImageFacts {
  const firmware = { found: [], missing: withFirmware ? ["ast/*.fw", "ast_dp501_fw.bin"] : [], entries: [] };
  const modulePart = moduleEntries({ release: "6.1", files: moduleFiles, firmware }, { forceModules: [], denyModules: [], ...choice });
  const entries: readonly PlanEntry[] = [...modulePart.entries, library, applet, program];
  const contents = {
    entries,
    modulePart,
    moduleFiles,
    busybox: { path: "/bin/busybox", sizeBytes: 1, applets: ["mount"], provenance: "" },
    moduleNames: new Set(tree.modules.keys()),
    absentPrograms: TOOL_PROGRAMS.filter(({ name }) => name === "sg_inq"),
    incompleteFiles: [{ name: "e2label", kind: "incomplete", state: 'Cannot take "/opt/perl" …', because: [] }] as const,
    programPaths: [],
    notes: [],
    unexplainedDlopens: [],
  };
  return { release: "6.1", contents, hostOnly: choice.host !== undefined, withFirmware };
}

const nothingHere = { modaliases: [], loadedModules: [], driverNames: [] };

function explain(name: string, from = facts(), place?: string): Explanation {
  return explainName(name, from, place);
}

const NVME = {
  kind: "inside",
  what: "module nvme",
  path: "usr/lib/modules/6.1/kernel/drivers/nvme/host/nvme.ko",
  layer: "initramfs",
  sizeBytes: 100,
  because: ["class NVMe"],
  remarks: [],
};

test("explainName() finds a module by name, file name, path, alias and modalias", () => {
  const because = (explain("nvme").findings[0] as { because: readonly string[] }).because;
  const nvme = { ...NVME, because };
  for (const name of ["nvme", "nvme.ko", "nvme.ko.xz", "/lib/modules/6.1/kernel/drivers/nvme/host/nvme.ko.xz"]) {
    assert.deepEqual(explain(name), { findings: [nvme], nearest: undefined }, name);
  }
  const modalias = "pci:v00001B36d00000010sv00001AF4sd00001100bc01sc08i02";
  assert.deepEqual(explain(modalias).findings, [{ ...nvme, remarks: [`it answers to the alias ${modalias}`] }]);
  assert.match(because[0] ?? "", /^class nvme$/i);
});

test("explainName() tells the chain of a module that another one needs", () => {
  const choice = { host: { ...nothingHere, loadedModules: ["nvme"] } };
  const core = explain("nvme-core", facts(choice)).findings[0];
  assert.deepEqual(core?.kind === "inside" && core.because[0], "nvme needs nvme_core");
});

test("explainName() tells each reason why a module is not in the image", () => {
  const cases: readonly (readonly [name: string, from: ImageFacts, why: string])[] = [
    ["rtc", facts(), "it is built into kernel 6.1, so there is nothing to take"],
    ["nvme", facts({ denyModules: ["nvme_core"] }), "nvme needs nvme_core, as denied by option"],
    ["nvme-core", facts({ denyModules: ["nvme_core"] }), "denied by option"],
    ["odd", facts({ host: nothingHere }), "nothing on this machine asks for it, and only this machine's modules were asked for"],
    ["nowhere", facts(), "kernel 6.1 has no such module; nvme asks for nowhere, as its softdep says; class NVMe"],
  ];
  for (const [name, from, why] of cases) {
    const [finding] = explain(name, from).findings;
    assert.equal(finding?.kind, "outside", name);
    assert.equal(finding?.kind === "outside" && finding.why.toLowerCase(), why.toLowerCase());
  }
});

test("explainName() says that no device loads a display driver, and which firmware is missing", () => {
  const [ast] = explain("ast").findings;
  assert.deepEqual(ast?.kind === "inside" && ast.remarks, [
    "no device loads it by itself: a display driver: the rescue system stays on the firmware's console",
    "of the 2 firmware files that it may ask for this machine lacks ast_dp501_fw.bin, ast/*.fw",
  ]);
  const whys = (from: ImageFacts, name: string) => explain(name, from).findings.map((finding) => finding.kind === "outside" && finding.why);
  assert.deepEqual(whys(facts(), "/lib/firmware/ast_dp501_fw.bin.xz"), [
    "this machine has no such file in /lib/firmware; ast would ask for it",
  ]);
  assert.deepEqual(whys(facts(), "rtc.bin"), ["this machine has no such file in /lib/firmware; rtc would ask for it"]);
  assert.deepEqual(whys(facts(), "ast/one.fw"), ["this machine has no such file in /lib/firmware; ast would ask for it"]);
  assert.deepEqual(whys(facts({}, false), "ast/one.fw"), ["all firmware was left out; ast would ask for it"]);
  assert.deepEqual(whys(facts({ denyModules: ["ast"] }), "ast/one.fw"), ["no module in the image needs it; ast would ask for it"]);
});

test("explainName() finds files in both layers, by name and by their path on this machine", () => {
  assert.deepEqual(
    explain("mount").findings.map(
      (finding) => finding.kind === "inside" && [finding.what, finding.layer, finding.because[0], finding.remarks],
    ),
    [
      ["program mount", "initramfs", "init and the shell of the rescue system", ["a link to busybox"]],
      ["program mount", "tools", "mount mounts file systems", []],
    ],
  );
  for (const name of ["libdisk.so.1", "/lib/libdisk.so.1", "usr/lib/libdisk.so.1"]) {
    const [found] = explain(name).findings;
    assert.deepEqual(found?.kind === "inside" && [found.what, found.because], ["library libdisk.so.1", library.because], name);
  }
  const [directory] = explain("/lib/modules/6.1/").findings;
  assert.deepEqual(directory?.kind === "inside" && [directory.because, directory.remarks], [
    [],
    [
      "7 entries, for 4 reasons, in both layers",
      "2 of them because modprobe reads it",
      "2 of them because class nvme",
      "2 of them because every module of the kernel is taken",
    ],
  ]);
  for (const [name, path] of [
    ["/etc/lifeboat/image.json", "etc/lifeboat/image.json"],
    ["/.complete", ".complete"],
  ] as const) {
    const [found] = explain(name).findings;
    assert.deepEqual(found?.kind === "inside" && [found.path, found.layer], [path, "initramfs"]);
  }
});

test("explainName() names the package of a program that this machine lacks, and what is no rescue program", () => {
  for (const name of ["sg_inq", "sg3-utils"]) {
    const [finding] = explain(name).findings;
    assert.equal(finding?.kind === "outside" && finding.hint, "Install the package that has it, Debian's is sg3-utils, and build again");
  }
  for (const name of ["e2label", "/usr/local/sbin/e2label"]) {
    const [finding] = explain(name).findings;
    assert.equal(finding?.kind === "outside" && finding.why, 'Cannot take "/opt/perl" …');
  }
  const [vim] = explain("vim", facts(), "/usr/bin/vim").findings;
  assert.match((vim?.kind === "outside" && vim.why) || "", /^this machine has it as \/usr\/bin\/vim, but/);
  const [hosts] = explain("/etc/hosts", facts(), "/etc/hosts").findings;
  assert.deepEqual(hosts?.kind === "outside" && [hosts.what, hosts.why], [
    "/etc/hosts",
    "this machine has it, but nothing in the image needs it",
  ]);
});

test("explainName() gives the nearest name for one that nothing has", () => {
  assert.deepEqual(explain("nvmee"), { findings: [], nearest: "nvme" });
  assert.deepEqual(explain("libdsik.so.1"), { findings: [], nearest: "libdisk.so.1" });
  assert.deepEqual(explain("qqqqqqqqqqqq"), { findings: [], nearest: undefined });
});

test("inspectModules() says what serves each device, in which layer, and what nothing serves", () => {
  const device = (id: string, modalias: string, driver?: string) => ({ bus: "pci", id, modalias, driver });
  const devices = [
    device("0", "pci:v00001B36d00000010sv00001AF4sd00001100bc01sc08i02", "nvme"),
    device("1", "pci:v00001A03d00002000sv0sd0bc03sc00i00"),
    device("2", "pci:v0000FFFFd00000001sv0sd0bc02sc00i00"),
    device("3", "pci:v0000FFFFd00000001sv0sd0bc06sc00i00"),
  ];
  const hardware = { devices, modaliases: [], drivers: [], loadedModules: [], missing: [] };
  const inspected = inspectModules(hardware, facts({ denyModules: ["nvme"] }).contents, true);
  assert.deepEqual(
    inspected.map(({ id, modules, isUnserved }) => [id, modules.map(({ name, place }) => `${name} ${place}`), isUnserved]),
    [
      ["0", ["nvme none"], false],
      ["1", ["ast tools"], false],
      ["2", [], true],
      ["3", [], false],
    ],
  );
  assert.deepEqual(inspected[1]?.modules[0]?.missingFirmware, ["ast_dp501_fw.bin", "ast/*.fw"]);
  assert.match(inspected[1]?.modules[0]?.heldBecause ?? "", /display driver/);
  // What the running kernel drives is nothing to another one, which has no driver for it.
  const driven = { ...hardware, devices: [device("4", "pci:v0000FFFFd00000001sv0sd0bc01sc04i00", "newraid")] };
  const [ours, others] = [true, false].map((isRunning) => inspectModules(driven, facts().contents, isRunning)[0]?.isUnserved);
  assert.deepEqual([ours, others], [false, true]);
});
