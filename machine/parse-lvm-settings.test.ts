// What LVM is told about devices, by its own program, and where that stands.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { askTool } from "./ask-tool.ts";
import { inspectLvmSettings } from "./inspect-lvm-settings.ts";
import { LVM_SETTINGS_COMMAND, parseLvmSettings } from "./parse-lvm-settings.ts";

const scratch = await mkdtemp(join(tmpdir(), "lifeboat-lvm-settings-"));
after(() => rm(scratch, { recursive: true }));

const CONFIGURATION = `# filter = [ "r|.*|" ]
devices {
  # filter = [ "r|.*|" ]
  filter = [ "a|^/dev/disk/by-id/x\\\\.y|",
    # between
    "r/.*/" ]
  devicesfile = "own.devices"
}
`;
const LOCAL = 'devices/global_filter = "r|/dev/\\"x|"\ndevices/use_devicesfile = 1\n';
const FOUND = [
  { key: "filter", file: "/etc/lvm/lvm.conf", line: 4, patterns: ["a|^/dev/disk/by-id/x\\.y|", "r/.*/"] },
  { key: "global_filter", file: "/etc/lvm/lvmlocal.conf", line: 1, patterns: ['r|/dev/"x|'] },
];

async function makeMachine(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  const root = join(scratch, name);
  await mkdir(join(root, "etc/lvm/devices"), { recursive: true });
  for (const [path, text] of Object.entries(files)) await writeFile(join(root, path), text);
  return root;
}

test("parseLvmSettings() tells what is set, by the line that sets it", () => {
  const section = `devices {\n\tdir="/dev"\n\tuse_devicesfile=1\n\tdevicesfile="own.devices"\n\tfilter=["a|^/dev/disk/by-id/x\\\\.y|","r/.*/"]\n\tglobal_filter="r|/dev/\\"x|"\n}\n`;
  const files = [
    { path: "/etc/lvm/lvmlocal.conf", text: LOCAL },
    { path: "/etc/lvm/lvm.conf", text: CONFIGURATION },
  ];
  assert.deepEqual(parseLvmSettings(section, files), { devicesFile: "own.devices", usesDevicesFile: true, filters: FOUND });
  const usual = parseLvmSettings('devices {\n\tuse_devicesfile=0\n\tdevicesfile="../x"\n\tfilter=["a|.*|"]\n}\n', []);
  assert.deepEqual(usual, { devicesFile: undefined, usesDevicesFile: false, filters: [] });
});

test("inspectLvmSettings() asks LVM for those of the machine, and finds its list of devices", async (context) => {
  if ((await askTool(LVM_SETTINGS_COMMAND)) === undefined) return context.skip("there is no LVM here");
  const own = { "etc/lvm/lvm.conf": CONFIGURATION, "etc/lvm/lvmlocal.conf": LOCAL };
  const without = await makeMachine("without", own);
  assert.deepEqual(await inspectLvmSettings(without), { devicesFile: undefined, usesDevicesFile: true, filters: FOUND });
  const root = await makeMachine("with", { ...own, "etc/lvm/devices/own.devices": "VERSION=1.1.1\n" });
  assert.equal((await inspectLvmSettings(root))?.devicesFile, "/etc/lvm/devices/own.devices");
  assert.deepEqual((await inspectLvmSettings(await makeMachine("bare", {})))?.filters, []);
});
