// Stage 2: finds the medium that holds this image's tools layer: the one the boot words name, else whichever device has it.

import { nowMs, sleep } from "#os/clock";
import { LifeboatError } from "#os/error";
import { makeDirectory, writeFile } from "#os/files";
import { openHttpMedium } from "../../media/http-medium.ts";
import { findImage, requireImage } from "../../media/image-medium.ts";
import type { Medium } from "../../media/medium.ts";
import { openNfsMedium } from "../../media/nfs-medium.ts";
import { openShareImage } from "../../media/rescue-on-share.ts";
import { openTftpMedium } from "../../media/tftp-medium.ts";
import { readNetworkInterfaces } from "../../machine/network-interfaces.ts";
import { MEDIUM_NOTE } from "../../restore/medium-lock.ts";
import { startBlockSearch, type BlockSearch } from "../block-search.ts";
import { coldplug, loadModules } from "../coldplug.ts";
import type { AgentContext } from "../context.ts";
import { dhcpBootServer } from "../dhcp.ts";
import { bringNetworkUp, raiseInterfaces } from "../network.ts";
import { requestedMedia, wantsNetwork, type MediumRequest } from "../requested-media.ts";
import type { Outcome, StageSignal } from "../stage.ts";

const POLL_MS = 200;
const MOUNT_POINT = "/run/lifeboat/medium";
const ISO_MOUNT_POINT = "/run/lifeboat/medium-iso";
const SCRATCH_PATH = "/run/lifeboat-small-file";
/** What is left of the stage's time for a search to end in its own words. */
const LAST_WORDS_MS = 500;
/** For one more look after the stage, when somebody may have put a medium in. */
const RETRY_LIMIT_MS = 30_000;

/** One attempt at finding the medium. */
interface Search {
  readonly context: AgentContext;
  readonly deadlineMs: number;
  /** Told what happens, a line at a time. */
  readonly tell: (line: string) => void;
}

/** When the stage is over already, this is one more look, which disturbs nobody who reads the consoles. */
export async function findMedium(context: AgentContext, signal: StageSignal): Promise<Outcome> {
  const { console, words, image, state } = context;
  const search: Search = {
    context,
    deadlineMs: signal.over ? nowMs() + RETRY_LIMIT_MS : signal.deadlineMs - LAST_WORDS_MS,
    tell: signal.over ? console.note : console.say,
  };
  const requests = requestedMedia(words, image.mediumUrl);
  const failures: string[] = [];
  for (const request of requests) {
    const medium = await openRequested(search, request).catch((error: unknown) => {
      failures.push(messageOf(error));
    });
    if (medium !== undefined) return take(search, medium);
  }
  const only = requests.find((request) => request.scheme === "device");
  const waits = !signal.over && (requests.length === 0 || only !== undefined);
  const local = await searchBlockDevices(search, only?.device, waits);
  if (local instanceof LifeboatError) throw new LifeboatError([...failures, ...(waits ? [local.message] : [])].join("; "));
  const outcome = await take(search, local);
  if (failures.length > 0) return { kind: "fallback", text: `${failures.join("; ")}: took ${local.description} instead` };
  if (!wantsNetwork(words) || state.networkReady) return outcome;
  return bringNetworkUp(context, search).then(
    () => outcome,
    (error: unknown) => ({ kind: "fallback", text: `the medium is there, the network is not: ${messageOf(error)}` }),
  );
}

/** Interfaces are switched on now, so that their links are up when the report lists them. */
async function take({ context }: Search, medium: Medium): Promise<Outcome> {
  context.state.medium = medium;
  context.state.mediumUrl = medium.url;
  await makeDirectory("/run/lifeboat");
  await writeFile(MEDIUM_NOTE, `${medium.url}\n`);
  context.console.say(`lifeboat: medium ${medium.description}`);
  await raiseInterfaces(context);
  return { kind: "ok" };
}

/** Undefined for a device, which the search of block devices finds. */
async function openRequested(search: Search, request: MediumRequest): Promise<Medium | undefined> {
  const { context, deadlineMs, tell } = search;
  const { image, shell, words } = context;
  if (request.scheme === "device") return undefined;
  if (request.scheme === "wrong") throw new LifeboatError(request.message);
  await bringNetworkUp(context, { deadlineMs, tell });
  switch (request.scheme) {
    case "http":
      return requireImage(openHttpMedium(request.url), image.buildId);
    case "tftp":
      await waitForServer(search, request.server);
      return requireImage(openTftpMedium(request, { run: shell.run, scratchPath: SCRATCH_PATH }), image.buildId);
    case "boot-server":
      return openRequested(search, { scheme: "tftp", server: await bootServer(), path: "/" });
    case "nfs": {
      await waitForServer(search, request.server);
      const needFileSystem = (name: string) => needDriver(context, name);
      const nfsOptions = words.values.get("nfsopt");
      const share = await openNfsMedium(request, { run: shell.run, mountPoint: MOUNT_POINT, needFileSystem, nfsOptions });
      try {
        return (await imageOfSet(context, share)) ?? (await requireImage(share, image.buildId));
      } catch (error) {
        await share.close();
        throw error;
      }
    }
  }
}

/** The rescue image that lies beside its set on a share; undefined when the share itself holds this build, or no set of ours. */
async function imageOfSet(context: AgentContext, share: Medium): Promise<Medium | undefined> {
  const { image, shell, words } = context;
  if ((await findImage(share, image.buildId)).kind === "found") return undefined;
  const iso = await openShareImage({
    buildId: image.buildId,
    id: words.own.get("lifeboat.set")?.[0] ?? image.set?.id,
    name: words.values.get("prefix"),
    path: image.set?.store?.path,
    shareDirectory: MOUNT_POINT,
    mountPoint: ISO_MOUNT_POINT,
    run: shell.run,
    needFileSystem: (name) => needDriver(context, name),
  });
  if (iso === undefined) return undefined;
  const close = async () => {
    await iso.close();
    await share.close();
  };
  return { ...iso, url: share.url, description: `${share.description}, ${iso.description}`, close };
}

async function bootServer(): Promise<string> {
  const server = await dhcpBootServer(readNetworkInterfaces().map(({ name }) => name));
  if (server !== undefined) return server;
  throw new LifeboatError("Cannot ask the boot server as DHCP must name one: it names none", {
    hint: "Name it with lifeboat.medium=tftp://SERVER/",
  });
}

/** MondoRescue's `ping=N`: slow switches need a while before the first packet comes through. */
async function waitForServer({ context, tell }: Search, server: string): Promise<void> {
  const pings = context.words.values.get("ping");
  if (pings === undefined) return;
  const result = await context.shell.run(["busybox", "ping", "-c", pings, "-W", "2", server]);
  tell(`lifeboat: network ${server} ${result.exitCode === 0 ? "answers" : `does not answer ${pings} pings`}`);
}

async function needDriver(context: AgentContext, kernelName: string): Promise<void> {
  await loadModules(context, FILE_SYSTEM_MODULES[kernelName] ?? [kernelName]);
}

/** Where the module is not called like the file system. */
const FILE_SYSTEM_MODULES: Readonly<Record<string, readonly string[]>> = { iso9660: ["isofs"] };

/** Round after round until the time is over, or one round alone. An error that says what was looked at when nothing is found. */
async function searchBlockDevices(search: Search, only: string | undefined, waits: boolean): Promise<Medium | LifeboatError> {
  const { context, deadlineMs, tell } = search;
  const needFileSystem = (name: string) => needDriver(context, name);
  const blocks = startBlockSearch(context, { only, mountPoint: MOUNT_POINT, needFileSystem, tell });
  for (;;) {
    const medium = await blocks.round(deadlineMs);
    if (medium !== undefined) return medium;
    if (!waits || nowMs() > deadlineMs) return notFound(context, blocks, only);
    await sleep(POLL_MS);
    await coldplug(context);
  }
}

function notFound({ image }: AgentContext, blocks: BlockSearch, only: string | undefined): LifeboatError {
  const looked = blocks.looked();
  const state = looked.length > 0 ? `looked at ${looked.join(" ")}` : only === undefined ? "no device to look at" : `there is no ${only}`;
  return new LifeboatError(`Cannot find the medium as one must hold build ${image.buildId}: ${state}`);
}

function messageOf(error: unknown): string {
  if (error instanceof LifeboatError) return error.message;
  throw error;
}
