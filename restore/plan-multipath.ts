// Disks of the machine that multipath-tools named: whether those names hold on the disks that are here, and what becomes of them. Pure.

import type { DeviceId, Disk, Layout } from "../machine/model.ts";
import { multipathLinks, multipathWwid } from "../machine/multipath.ts";
import type { DiskMatch, TargetDisk } from "./plan.ts";

export interface MultipathPlan {
  /** Links below /dev that no longer lead to the devices that they led to, each with that device's id now. */
  readonly gone: ReadonlyMap<string, DeviceId>;
  /** Names by which multipath's own files know a disk. */
  readonly wwids: readonly WwidChange[];
  /** One line each: what will be other than it was. */
  readonly changes: readonly string[];
  readonly warnings: readonly string[];
}

export interface WwidChange {
  readonly from: string;
  readonly to: string;
}

interface Disks {
  readonly matches: readonly DiskMatch[];
  /** From devices that are no longer made to those that take their place. */
  readonly replaced: ReadonlyMap<DeviceId, DeviceId>;
}

/** `layout`: the machine's own, as it was. */
export function planMultipath({ disks }: Pick<Layout, "disks">, { matches, replaced }: Disks): MultipathPlan {
  const named = disks.map((disk) => ({ disk, to: matches.find(({ from }) => from === disk.id)?.disk }));
  const known = named.flatMap(({ disk, to }) => (disk.multipath === undefined ? [] : [{ disk, to, fate: fateOf(disk, to) }]));
  const gone = known
    .filter(({ fate }) => !fate.keepsNames)
    .flatMap(({ disk }) => multipathLinks(disk))
    .map(([link, id]) => [link, replaced.get(id) ?? id] as const);
  return {
    gone: new Map(gone),
    wwids: known.flatMap(({ fate }) => (fate.wwid === undefined ? [] : [fate.wwid])),
    changes: known.flatMap(({ disk, to, fate }) => (to === undefined ? [] : linesOf(disk, to, fate))),
    warnings: disks.some(({ multipath }) => multipath !== undefined) ? [] : named.flatMap(({ to }) => pathWarnings(to)),
  };
}

interface Fate {
  /** Whether the restored machine gives the disk the name that it had. */
  readonly keepsNames: boolean;
  readonly wwid: WwidChange | undefined;
}

const NOTHING_KEPT: Fate = { keepsNames: false, wwid: undefined };

/** The same disk is known by its WWID, on however many paths it is seen today. Another one gets the old one's alias when it is reached on several. */
function fateOf({ id, identity, multipath }: Disk, to: TargetDisk | undefined): Fate {
  const old = multipath?.wwid;
  const now = to?.multipath?.wwid ?? (to === undefined ? undefined : multipathWwid(to));
  if (to === undefined || old === undefined) return NOTHING_KEPT;
  if (now === old || (identity.wwid !== undefined && identity.wwid === to.wwid)) return { keepsNames: true, wwid: undefined };
  if (now === undefined || to.multipath === undefined) return NOTHING_KEPT;
  // Without an alias the disk is called by its WWID, which is another one now.
  return { keepsNames: id !== old, wwid: { from: old, to: now } };
}

function linesOf(disk: Disk, to: TargetDisk, { keepsNames, wwid }: Fate): readonly string[] {
  if (wwid !== undefined) return [`${disk.id}: multipath knew it as ${wwid.from}, and will know it as ${wwid.to}`];
  return keepsNames ? [] : [`${disk.id} was a multipath disk, and becomes plain ${to.name}`];
}

function pathWarnings(to: TargetDisk | undefined): readonly string[] {
  const paths = to?.multipath?.paths ?? [];
  if (to === undefined || paths.length < 2) return [];
  return [
    `${to.name} is reached on ${paths.length} paths (${paths.join(", ")}), and the machine had no multipath: it may take each for a disk of its own`,
  ];
}
