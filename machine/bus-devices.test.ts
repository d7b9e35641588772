import assert from "node:assert/strict";
import { test } from "node:test";
import { withSysTree } from "../test/sysfs-tree.ts";
import { readBusDevices, readLoadedModules } from "./bus-devices.ts";

test("readBusDevices() tells modalias and driver; of buses that tell it in uevent alone, cards' but not processors'", () => {
  const tree = {
    "bus/mmc/devices/mmc0:4567": "-> ../../../devices/mmc0:4567",
    "devices/mmc0:4567/uevent": "MMC_TYPE=SD\nMMC_NAME=QEMU!\nMODALIAS=mmc:block\n",
    "bus/pci/devices/0000:00:03.0": "-> ../../../devices/0000:00:03.0",
    "devices/0000:00:03.0/modalias": "pci:v00008086d0000100Esv00001AF4sd00001100bc02sc00i00\n",
    "devices/0000:00:03.0/driver": "-> ../../bus/pci/drivers/e1000",
    "bus/cpu/devices/cpu0/uevent": "DRIVER=processor\nMODALIAS=cpu:type:x86,ven0000fam0006mod0006:feature:,0000\n",
    "bus/acpi/devices/LNXSYSTM:00/modalias": "\n",
  };
  assert.deepEqual(withSysTree(tree, readBusDevices), [
    { bus: "mmc", id: "mmc0:4567", modalias: "mmc:block", driver: undefined },
    { bus: "pci", id: "0000:00:03.0", modalias: "pci:v00008086d0000100Esv00001AF4sd00001100bc02sc00i00", driver: "e1000" },
  ]);
});

test("readLoadedModules() reads /proc/modules, and nothing where there is none", () => {
  const text = "virtio_net 73728 0 - Live 0xffffffffc0a00000\nnet_failover 20480 1 virtio_net, Live 0xffffffffc09f0000\n";
  assert.deepEqual(withSysTree({ modules: text }, readLoadedModules), ["virtio_net", "net_failover"]);
  assert.deepEqual(withSysTree({}, readLoadedModules), []);
});
