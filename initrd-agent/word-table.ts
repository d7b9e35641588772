// The boot words as data: the agent's parser and docs/boot-words.md are made from this table.

export interface WordText {
  /** What stands for its value; without it the word stands alone. */
  readonly value?: string;
  /** One sentence. */
  readonly says: string;
  /** The only values that have a sense. */
  readonly choices?: readonly string[];
  /** A text; numbers unless given. */
  readonly isText?: true;
  /** Read, and kept for a part of Lifeboat that is not there yet. What must not be passed over on the way to erasing disks keeps `nuke` from starting. */
  readonly later?: "has no effect" | "stops nuke";
}

type WordTexts = Readonly<Record<string, WordText>>;

export const MODE_WORDS = {
  interactive: { says: "Look for the medium until it is there, then show the menu; this is the default." },
  nuke: { says: "Show the plan, wait 20 s for a key that stops it, then erase the disks and restore everything." },
  compare: { says: "Compare the machine with its set and write nothing; what differs is listed in `/run/lifeboat/differences`." },
  expert: { says: "Give a root shell on every console instead of the menu." },
} as const satisfies WordTexts;

export const FLAG_WORDS = {
  pxe: { says: "The image came from a boot server: take the tools layer from the server that `ip=` names." },
  net: { says: "Bring the network up although the medium is a local one." },
  noresize: { says: "Keep the sizes and places of partitions on disks of another size." },
  nopart: { says: "Make no partition tables: use those that are there, which must be the machine's." },
  nolvm: { says: "Make no volume groups: use those that are there." },
  nomd: { says: "Make no md arrays: use those that are there." },
  nohw: { says: "Do not restore the settings of hardware controllers.", later: "has no effect" },
  textonly: { says: "Show plain lines instead of screens.", later: "has no effect" },
  donteject: { says: "Never eject the medium.", later: "has no effect" },
} as const satisfies WordTexts;

export const VALUE_WORDS = {
  prefix: {
    value: "NAME",
    says: "Restore the newest set of this name, NAME-TIME, that is on the share of `nfsmount=`, whose rescue image gives the tools layer. Of ISO images in a directory only those called NAME-1.iso and so on are looked at.",
  },
  ipconf: {
    value: "DEVICE:ADDRESS:NETMASK:BROADCAST:GATEWAY",
    says: "The address of an interface, which is named by its name or its MAC address; `ipconf=DEVICE:dhcp` asks a server.",
  },
  nfsmount: {
    value: "SERVER:PATH",
    says: "Take the tools layer from this NFS export, or from the rescue image of a set there; the set that `nuke` restores is looked for there too, before the disks.",
  },
  nfsopt: { value: "OPTIONS", says: "Mount options for the NFS export." },
  ping: { value: "COUNT", says: "Ping the NFS server so many times before the mount, for switches that are slow to forward." },
  hwaddr: { value: "MAC", says: "Use the interface with this address." },
  usb: { value: "/dev/sdX", says: "Take the tools layer from this disk or one of its partitions." },
  serial: { value: "/dev/ttySX", says: "Show everything on this serial line too." },
  pre: { value: "SCRIPT", says: "Run this script from the medium before the restore.", later: "stops nuke" },
  post: { value: "SCRIPT", says: "Run this script from the medium after the restore.", later: "stops nuke" },
  excludedevs: {
    value: '"DEVICE DEVICE"',
    says: "Leave these disks alone: names, serials or wwids; one that no disk here has stops the restore.",
  },
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
    isText: true,
    says: "Where the tools layer is: `usb:/dev/sdX`, `nfs://SERVER/PATH`, `http://SERVER/PATH` or `tftp://SERVER/PATH`. The set that `nuke` restores is looked for there too.",
  },
  "lifeboat.set": { value: "ID", isText: true, says: "Restore this set instead of the one that the image was made with." },
  "lifeboat.time": {
    value: "TIME",
    isText: true,
    says: "What time it is, in UTC, as in `2026-11-27T10:15:00Z`, for a machine whose clock has stopped where no web server tells.",
  },
  "lifeboat.wipe": {
    value: "SERIAL,SERIAL",
    isText: true,
    says: "Let the restore overwrite disks of these serials or wwids, whatever is on them; in a serial `%20` stands for a blank, `%2C` for a comma.",
  },
  "lifeboat.map": {
    value: "OLD=NEW",
    isText: true,
    says: "Put the machine's disk OLD on the disk NEW: names, serials or wwids; several may go to one.",
  },
  "lifeboat.luks": {
    value: "DEVICE:/PATH",
    isText: true,
    says: "Encrypt LUKS volumes with the content of this file: `LABEL=KEYS:/boat.key`, `UUID=ID:/PATH` or `/dev/sdX1:/PATH`, on a disk that is not the set's. A volume whose header is in the set must open with it.",
  },
  "lifeboat.keep": {
    value: "WHAT,WHAT",
    isText: true,
    says: "Do not format these file systems, and write nothing to them: mount points, `UUID=ID` or `LABEL=NAME`; their disks keep their partitions.",
  },
  "lifeboat.filesystem": {
    value: "PATH=TYPE",
    isText: true,
    says: "Make the file system at this mount point as ext4, xfs or btrfs, whatever it was.",
  },
  "lifeboat.volumegroup": {
    value: "OLD=NEW",
    isText: true,
    says: "Put the volumes of the machine's volume group OLD into its group NEW, and make no OLD; several may go into one.",
  },
  "lifeboat.nic": { value: "OLD=NEW", isText: true, says: "The machine's network card OLD is the card NEW here: names or addresses." },
  "lifeboat.clone": {
    value: "NAME",
    isText: true,
    says: "Make the restored machine another one of this name, in which `%h` stands for its own: with its own machine-id and SSH host keys.",
  },
  "lifeboat.again": { value: "ID", isText: true, says: "Restore this set although the disks carry the mark that it was restored." },
  "lifeboat.gate": {
    value: "WHICH",
    choices: ["full", "quick"],
    says: "Read all of the set before the first write, which is the default, or samples of it; all in any case where damage is accepted.",
  },
  "lifeboat.damage": { value: "accept", choices: ["accept"], says: "Restore what is whole of a damaged set." },
  "lifeboat.check": {
    value: "none",
    choices: ["none"],
    says: "Do not read the restored files back and compare them: the restored line then says `files NOT checked`.",
  },
  "lifeboat.then": {
    value: "WHAT",
    choices: ["reboot", "poweroff", "shell"],
    says: "What follows a restore, a reboot unless another is named; when damage has cost files only what is named follows, and when files differ nothing does.",
  },
  "lifeboat.timeout.STAGE": {
    value: "SECONDS",
    says: "The limit of one stage, instead of 60 s for `media` and 120 s for the others.",
  },
  "lifeboat.heap": { value: "MIB", says: "The largest heap of the agent, for tests." },
} as const satisfies WordTexts;
