// Which devices a rescue system cannot do without a driver for.

/** PCI classes: storage (01), network (02), serial buses such as USB (0C). PCI Code and ID Assignment Specification. */
const PCI_CLASSES = /^pci:.*bc(?:01|02|0C)sc/;
/** Virtual disks, networks and SCSI hosts (virtio specification, section 5). */
const VIRTIO_IDS = /^virtio:d0000000(?:1|2|8)v/;

/** Whether a device of this modalias is storage, network or a bus that leads to them. */
export function wantsDriver(modalias: string): boolean {
  return PCI_CLASSES.test(modalias) || VIRTIO_IDS.test(modalias);
}
