// The boot words as data: the agent's parser and docs/boot-words.md are made from this table.

export interface WordText {
  /** What stands for its value; without it the word stands alone. */
  readonly value?: string;
  /** One sentence. */
  readonly says: string;
  /** Read, and kept for the restore engine, which is not there yet. */
  readonly later?: true;
}

type WordTexts = Readonly<Record<string, WordText>>;

export const MODE_WORDS = {
  interactive: { says: "Look for the medium until it is there, then show the menu; this is the default." },
  nuke: { says: "Erase the disks and restore everything.", later: true },
  compare: { says: "Compare the machine with its set and write nothing.", later: true },
  expert: { says: "Give a root shell on every console instead of the menu." },
} as const satisfies WordTexts;

export const FLAG_WORDS = {
  pxe: { says: "The image came from a boot server: take the tools layer from the server that `ip=` names." },
  net: { says: "The same as `pxe`, for an image that was booted from a local medium." },
  noresize: { says: "Do not fit the layout to disks of another size.", later: true },
  nopart: { says: "Make no partition tables, format what is there.", later: true },
  nolvm: { says: "Leave LVM alone.", later: true },
  nomd: { says: "Leave md arrays alone.", later: true },
  nohw: { says: "Do not restore the settings of hardware controllers.", later: true },
  textonly: { says: "Show plain lines instead of screens.", later: true },
  donteject: { says: "Never eject the medium.", later: true },
} as const satisfies WordTexts;

export const VALUE_WORDS = {
  prefix: { value: "NAME", says: "The name that the set's files begin with.", later: true },
  ipconf: {
    value: "DEVICE:ADDRESS:NETMASK:BROADCAST:GATEWAY",
    says: "The address of an interface, which is named by its name or its MAC address; `ipconf=DEVICE:dhcp` asks a server.",
  },
  nfsmount: { value: "SERVER:PATH", says: "Take the tools layer from this NFS export." },
  nfsopt: { value: "OPTIONS", says: "Mount options for the NFS export." },
  ping: { value: "COUNT", says: "Ping the NFS server so many times before the mount, for switches that are slow to forward." },
  hwaddr: { value: "MAC", says: "Use the interface with this address." },
  usb: { value: "/dev/sdX", says: "Take the tools layer from this disk or one of its partitions." },
  serial: { value: "/dev/ttySX", says: "Show everything on this serial line too." },
  pre: { value: "SCRIPT", says: "Run this script from the medium before the restore.", later: true },
  post: { value: "SCRIPT", says: "Run this script from the medium after the restore.", later: true },
  excludedevs: { value: '"DEVICE DEVICE"', says: "Leave these disks alone.", later: true },
  forcemods: { value: '"NAME NAME"', says: "Load these modules first." },
  denymods: { value: '"NAME NAME"', says: "Do not load these modules for any device." },
} as const satisfies WordTexts;

export const LOADER_WORDS = {
  ip: { value: "CLIENT:SERVER:GATEWAY:NETMASK", says: "Written by pxelinux: what the boot server told it." },
  BOOTIF: { value: "01-MAC", says: "Written by pxelinux: the interface that the machine booted from, which is then tried first." },
} as const satisfies WordTexts;

export const OWN_WORDS = {
  "lifeboat.medium": {
    value: "URL",
    says: "Where the tools layer is: `usb:/dev/sdX`, `nfs://SERVER/PATH`, `http://SERVER/PATH` or `tftp://SERVER/PATH`.",
  },
  "lifeboat.timeout.STAGE": {
    value: "SECONDS",
    says: "The limit of one stage, instead of 60 s for `media` and 120 s for the others.",
  },
  "lifeboat.heap": { value: "MIB", says: "The largest heap of the agent, for tests." },
} as const satisfies WordTexts;
