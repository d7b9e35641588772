// Stage 5: to the restore engine in the chosen mode. For nuke the set is found and the plan is made here; nothing is written yet.

import { nowMs, sleep } from "#os/clock";
import { LifeboatError } from "#os/error";
import { credentialInOptions, credentialOf } from "../../media/credential.ts";
import { directorySource } from "../../media/directory-store.ts";
import { findStoredSet, sourceBelow, type FoundSet, type StoredSource } from "../../media/find-store.ts";
import type { MediumChanger } from "../../media/medium-changer.ts";
import { nfsUrlOf, parseMediumUrl } from "../../media/medium-url.ts";
import { nameOfSet, newestNamed } from "../../media/named-set.ts";
import { openNfsMedium } from "../../media/nfs-medium.ts";
import { webSet } from "../../media/web-set.ts";
import { mediumLock } from "../../restore/medium-lock.ts";
import { requireKeys, requireOpening, sameKey, type LuksKeys } from "../../restore/luks-keys.ts";
import { prepareRestore } from "../../restore/prepare.ts";
import { refuseUnattended } from "../../restore/unattended.ts";
import { openDamagedSet } from "../../set/damaged-set.ts";
import { openSet, readMachine, type OpenSet } from "../../set/open-set.ts";
import { coldplug, loadModules } from "../coldplug.ts";
import { consoleChanger } from "../console-changer.ts";
import type { AgentContext } from "../context.ts";
import { readLuksKey, type LuksKeyFile } from "../luks-key.ts";
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
      return prepareCompare(context, signal);
    case "nuke": {
      refuseProblems(context);
      refuseCredentials(context);
      const found = await searchSet(context, signal);
      if (found === undefined) return { kind: "fallback", text: "no set on this medium: nothing to restore" };
      context.console.say(`lifeboat: set ${found.place}`);
      const locks = new Map([
        ...mediumLock(state.mediumUrl),
        ...(found.device === undefined ? [] : [[found.device, "it holds the set"] as const]),
      ]);
      const file = await keyFile(context, locks.keys());
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

async function keyFile(context: AgentContext, apart: Iterable<string>): Promise<LuksKeyFile | undefined> {
  const { luksKey: word } = restoreWords(context.words);
  return word === undefined ? undefined : readLuksKey(context, word, apart);
}

/** Nothing is written, so that nothing has to be locked, and whoever may read the disks may read the key. */
async function prepareCompare(context: AgentContext, signal: StageSignal): Promise<Outcome> {
  const found = await searchSet(context, signal);
  if (found === undefined) return { kind: "fallback", text: "no set on this medium: nothing to compare" };
  context.console.say(`lifeboat: set ${found.place}`);
  const set = await openSet(found.source);
  const machine = await readMachine(set);
  if (machine === undefined) return { kind: "fallback", text: `${set.manifest.id} holds files alone: whose they are it does not tell` };
  const file = await keyFile(context, []);
  const volumes = machine.layout.stack.filter(({ kind }) => kind === "luks");
  const keys: LuksKeys = file === undefined ? new Map() : new Map(volumes.map(({ id }) => [id, file.key]));
  context.state.compare = { set, machine, keys };
  return { kind: "ok" };
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

/** Nobody is there to give a password, and none may stand where everybody reads it (DESIGN section 8, rule 7). */
function refuseCredentials({ words, image, state }: AgentContext): void {
  const places = [words.medium, image.mediumUrl, state.mediumUrl, image.set?.store?.nfs, words.values.get("nfsmount")];
  const needed = places.map((place) => credentialOf(place ?? "")).find((one) => one !== undefined);
  const credential = needed ?? credentialInOptions(words.values.get("nfsopt") ?? "");
  if (credential === undefined) return;
  throw new LifeboatError(`Cannot restore unattended as the medium must be one that needs no credential: ${credential}`, {
    hint: "Boot again with the word interactive or expert, and give it there; or put the set where it is read without one",
  });
}

/** With `lifeboat.damage=accept` a manifest or catalogue that is damaged is made again. */
async function openAsAsked({ words, console }: AgentContext, { source }: FoundSet): Promise<OpenSet> {
  const set = restoreWords(words).acceptDamage ? await openDamagedSet(source) : await openSet(source);
  for (const remark of set.remarks ?? []) console.say(`lifeboat: damage: ${remark}`);
  return set;
}

/** What is asked for: `id` in any case, the newest of `name` where that is given. */
interface WantedSet {
  readonly id: string | undefined;
  /** MondoRescue's `prefix=`, which a set that is named outright goes before. */
  readonly name: string | undefined;
}

/** Undefined for an image that belongs to no set. Throws LifeboatError when its set is nowhere. */
async function searchSet(context: AgentContext, signal: StageSignal): Promise<FoundSet | undefined> {
  const { words, image, console } = context;
  const given = words.own.get("lifeboat.set")?.[0];
  const wanted: WantedSet = { id: given ?? image.set?.id, name: given === undefined ? words.values.get("prefix") : undefined };
  if (wanted.id === undefined && wanted.name === undefined) return undefined;
  const device = image.set?.store?.tape;
  if (device !== undefined && wanted.id !== undefined)
    return openSetOnTape(context, { id: wanted.id, device, changer: changerFor(context, signal) });
  const onWeb = await openWeb(context, wanted, signal.deadlineMs).catch((error: unknown) => {
    if (!(error instanceof LifeboatError)) throw error;
    console.say(`lifeboat: ${error.message}; looking elsewhere`);
  });
  if (onWeb !== undefined) return onWeb;
  const share = words.values.get("nfsmount") ?? image.set?.store?.nfs;
  if (share !== undefined) {
    const found = await openShare(context, { ...wanted, share, deadlineMs: signal.deadlineMs }).catch((error: unknown) => {
      // Who says prefix= means that share: what the disks have is something else.
      if (!(error instanceof LifeboatError) || wanted.name !== undefined) throw error;
      console.say(`lifeboat: ${error.message}; looking on the disks`);
    });
    if (found !== undefined) return found;
  }
  if (wanted.id !== undefined) return searchDisks(context, wanted.id, signal);
  throw new LifeboatError(`Cannot restore "${wanted.name}" as prefix= names a set on a share: no share is named`, {
    hint: "Name it with nfsmount=SERVER:/PATH, or the set with lifeboat.set=",
  });
}

async function searchDisks(context: AgentContext, id: string, signal: StageSignal): Promise<FoundSet> {
  const { words, image, shell, console } = context;
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

/** The set on the web server that `lifeboat.medium=` names, if it has it. */
async function openWeb(context: AgentContext, { id, name }: WantedSet, deadlineMs: number): Promise<FoundSet | undefined> {
  const { words, image, console } = context;
  const medium = words.medium ?? image.mediumUrl;
  const url = medium === undefined ? undefined : parseMediumUrl(medium);
  if (url?.scheme !== "http" || id === undefined || (name !== undefined && nameOfSet(id) !== name)) return undefined;
  await bringNetworkUp(context, { deadlineMs, tell: console.say });
  const source = await webSet(url.url, id);
  return source === undefined ? undefined : { source, place: source.description, device: undefined, close: async () => undefined };
}

interface ShareSearch extends WantedSet {
  /** `SERVER:/EXPORT` */
  readonly share: string;
  readonly deadlineMs: number;
}

/** The share that the set was written to, or that `nfsmount=` names, mounted read-only. */
async function openShare(context: AgentContext, { id, name, share, deadlineMs }: ShareSearch): Promise<FoundSet> {
  const { words, image, shell, console } = context;
  await bringNetworkUp(context, { deadlineMs, tell: console.say });
  const url = parseMediumUrl(nfsUrlOf(share));
  const what = name ?? id;
  if (url.scheme !== "nfs") throw new LifeboatError(`Cannot look for ${what} on "${share}" as it must be SERVER:/PATH: it is not`);
  const needFileSystem = async (name: string) => void (await loadModules(context, [name]));
  const nfsOptions = words.values.get("nfsopt");
  const medium = await openNfsMedium(url, { run: shell.run, mountPoint: SET_MOUNT_POINT, needFileSystem, nfsOptions });
  const path = image.set?.store?.path;
  const stored = await storedOn(SET_MOUNT_POINT, { id, name, path, prefix: words.values.get("prefix"), note: console.note });
  if (stored !== undefined) {
    return {
      source: stored.source,
      place: `NFS ${share}${stored.path}`,
      device: undefined,
      close: () => medium.close(),
    };
  }
  await medium.close();
  throw new LifeboatError(`Cannot restore ${what} as its set must be on the share ${share}: it is not there`, {
    hint: "Name another share with nfsmount=SERVER:/PATH, or another set with lifeboat.set=",
  });
}

interface ShareContent extends WantedSet {
  readonly path: string | undefined;
  /** What ISO images are called, when that is known. */
  readonly prefix: string | undefined;
  readonly note: (line: string) => void;
}

/** The newest set of the name, else the image's own in ISO images that are called so; without a name the set of that id. */
async function storedOn(mountPoint: string, { id, name, ...search }: ShareContent): Promise<StoredSource | undefined> {
  const named = name === undefined ? undefined : await newestNamed(mountPoint, { name, path: search.path });
  if (named !== undefined) return { source: directorySource(named.path), path: named.path.slice(mountPoint.length) };
  const stored = id === undefined ? undefined : await sourceBelow(mountPoint, { id, ...search });
  // A directory of another name is not what was asked for.
  return name === undefined || stored?.path.endsWith(".iso") === true ? stored : undefined;
}
