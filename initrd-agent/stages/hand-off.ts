// Stage 5: to the restore engine in the chosen mode. For nuke the set is found and the plan is made here; nothing is written yet.

import { nowMs, sleep } from "#os/clock";
import { LifeboatError } from "#os/error";
import { findStoredSet, sourceBelow, type FoundSet } from "../../media/find-store.ts";
import type { MediumChanger } from "../../media/medium-changer.ts";
import { nfsUrlOf, parseMediumUrl } from "../../media/medium-url.ts";
import { openNfsMedium } from "../../media/nfs-medium.ts";
import { mediumLock } from "../../restore/medium-lock.ts";
import { requireKeys, requireOpening, sameKey, type LuksKeys } from "../../restore/luks-keys.ts";
import { prepareRestore } from "../../restore/prepare.ts";
import { refuseUnattended } from "../../restore/unattended.ts";
import { openDamagedSet } from "../../set/damaged-set.ts";
import { openSet, type OpenSet } from "../../set/open-set.ts";
import { coldplug, loadModules } from "../coldplug.ts";
import { consoleChanger } from "../console-changer.ts";
import type { AgentContext } from "../context.ts";
import { readLuksKey } from "../luks-key.ts";
import { bringNetworkUp } from "../network.ts";
import { restoreWords, unmetWords } from "../restore-words.ts";
import type { Outcome, StageSignal } from "../stage.ts";
import { openSetOnTape } from "../tape-search.ts";

/** Disks may come late: USB ones above all. */
const SEARCH_MS = 30_000;
const PAUSE_MS = 1000;
export const SET_MOUNT_POINT = "/run/lifeboat/set";

export async function handOff(context: AgentContext, signal: StageSignal): Promise<Outcome> {
  const { words, state } = context;
  switch (words.mode) {
    case "interactive":
    case "expert":
      return { kind: "ok" };
    case "compare":
      return { kind: "fallback", text: "compare is not there yet: nothing is written" };
    case "nuke": {
      refuseProblems(context);
      const found = await searchSet(context, signal);
      if (found === undefined) return { kind: "fallback", text: "no set on this medium: nothing to restore" };
      context.console.say(`lifeboat: set ${found.place}`);
      const locks = new Map([
        ...mediumLock(state.mediumUrl),
        ...(found.device === undefined ? [] : [[found.device, "it holds the set"] as const]),
      ]);
      const { luksKey: word } = restoreWords(words);
      const file = word === undefined ? undefined : await readLuksKey(context, word, locks.keys());
      if (file !== undefined) locks.set(file.device, "it holds the key file");
      const prepared = await prepareRestore(await openAsAsked(context, found), { ...restoreWords(words), locks });
      refuseUnattended(prepared);
      const passphrases: LuksKeys = file === undefined ? new Map() : sameKey(prepared.plan, file.key);
      requireKeys(prepared.plan, passphrases);
      await requireOpening(prepared.plan, passphrases, prepared.luksHeaders);
      state.restore = { prepared, found, passphrases };
      return { kind: "ok" };
    }
  }
}

/** A word that was meant to spare a disk, and is mistyped or not obeyed, must not be passed over on the way to erasing it. */
function refuseProblems({ words }: AgentContext): void {
  const [first] = words.problems;
  if (first !== undefined) {
    throw new LifeboatError(`Cannot restore unattended as every boot word must be understood: ${first}`, {
      hint: "Boot again with the word mended",
    });
  }
  const unmet = unmetWords(words);
  if (unmet.length === 0) return;
  throw new LifeboatError(
    `Cannot restore unattended as every boot word must be obeyed: this version cannot do yet what ${unmet.join(", ")} asks`,
    {
      hint: "Boot again without it, when that is what you want",
    },
  );
}

/** With `lifeboat.damage=accept` a manifest or catalogue that is damaged is made again. */
async function openAsAsked({ words, console }: AgentContext, { source }: FoundSet): Promise<OpenSet> {
  const set = restoreWords(words).acceptDamage ? await openDamagedSet(source) : await openSet(source);
  for (const remark of set.remarks ?? []) console.say(`lifeboat: damage: ${remark}`);
  return set;
}

/** Undefined for an image that belongs to no set. Throws LifeboatError when its set is nowhere. */
async function searchSet(context: AgentContext, signal: StageSignal): Promise<FoundSet | undefined> {
  const { words, image, shell, console } = context;
  const id = words.own.get("lifeboat.set")?.[0] ?? image.set?.id;
  if (id === undefined) return undefined;
  const device = image.set?.store?.tape;
  if (device !== undefined) return openSetOnTape(context, { id, device, changer: changerFor(context, signal) });
  const share = words.values.get("nfsmount") ?? image.set?.store?.nfs;
  if (share !== undefined) {
    const found = await openShare(context, { id, share, deadlineMs: signal.deadlineMs }).catch((error: unknown) => {
      if (!(error instanceof LifeboatError)) throw error;
      console.say(`lifeboat: ${error.message}; looking on the disks`);
    });
    if (found !== undefined) return found;
  }
  const endMs = nowMs() + SEARCH_MS;
  const changer = changerFor(context, signal);
  for (;;) {
    const found = await findStoredSet({
      id,
      path: image.set?.store?.path,
      prefix: words.values.get("prefix"),
      changer,
      mountPoint: SET_MOUNT_POINT,
      run: shell.run,
      needFileSystem: async (name) => void (await loadModules(context, [name === "iso9660" ? "isofs" : name])),
      note: console.note,
    });
    if (found !== undefined) return found;
    if (signal.over || nowMs() > endMs) break;
    await sleep(PAUSE_MS);
    await coldplug(context);
  }
  throw new LifeboatError(`Cannot restore ${id} as its set must be on one of the disks or discs: it is on none`, {
    hint: "Connect the disk that holds it, or name another with lifeboat.set=",
  });
}

/** The hand-off's time stands still while somebody looks for a disc or a tape. */
function changerFor({ console }: AgentContext, signal: StageSignal): MediumChanger {
  const changer = consoleChanger(console, { nowMs, sleep });
  return { next: (request) => signal.hold(changer.next(request)) };
}

interface ShareSearch {
  readonly id: string;
  /** `SERVER:/EXPORT` */
  readonly share: string;
  readonly deadlineMs: number;
}

/** The share that the set was written to, or that `nfsmount=` names, mounted read-only. */
async function openShare(context: AgentContext, { id, share, deadlineMs }: ShareSearch): Promise<FoundSet> {
  const { words, image, shell, console } = context;
  await bringNetworkUp(context, { deadlineMs, tell: console.say });
  const url = parseMediumUrl(nfsUrlOf(share));
  if (url.scheme !== "nfs") throw new LifeboatError(`Cannot look for ${id} on "${share}" as it must be SERVER:/PATH: it is not`);
  const needFileSystem = async (name: string) => void (await loadModules(context, [name]));
  const nfsOptions = words.values.get("nfsopt");
  const medium = await openNfsMedium(url, { run: shell.run, mountPoint: SET_MOUNT_POINT, needFileSystem, nfsOptions });
  const search = { id, path: image.set?.store?.path, prefix: words.values.get("prefix"), note: console.note };
  const stored = await sourceBelow(SET_MOUNT_POINT, search);
  if (stored !== undefined) {
    return {
      source: stored.source,
      place: `NFS ${share}${stored.path}`,
      device: undefined,
      close: () => medium.close(),
    };
  }
  await medium.close();
  throw new LifeboatError(`Cannot restore ${id} as its set must be on the share ${share}: it is not there`, {
    hint: "Name another share with nfsmount=SERVER:/PATH, or another set with lifeboat.set=",
  });
}
