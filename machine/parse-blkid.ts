// Reads `blkid -o export` (util-linux, libblkid): what is on a device, asked of the device itself and not of udev.

export interface BlkidEntry {
  readonly device: string;
  /** TYPE, LABEL, UUID, PARTUUID, PTTYPE, … as blkid spells them. */
  readonly tags: ReadonlyMap<string, string>;
}

/** One entry a device; entries are parted by an empty line and begin with DEVNAME. */
export function parseBlkid(text: string): readonly BlkidEntry[] {
  return text.split(/\n\n+/).flatMap((block): BlkidEntry[] => {
    const tags = new Map<string, string>();
    for (const line of block.split("\n")) {
      const [, name, value] = /^([A-Z][A-Z0-9_]*)=(.*)$/.exec(line) ?? [];
      if (name !== undefined && value !== undefined) tags.set(name, value.replace(/\\(.)/g, "$1"));
    }
    const device = tags.get("DEVNAME");
    tags.delete("DEVNAME");
    return device === undefined ? [] : [{ device, tags }];
  });
}
