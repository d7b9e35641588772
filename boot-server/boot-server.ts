// `lifeboat serve`: machines boot over the network from a directory of sets, or from a PXE tree.

import { LifeboatError } from "#os/error";
import { changeMode, exists, makeDirectory, makeTemporaryDirectory } from "#os/files";
import { isUdpPortFree } from "#os/udp-port";
import { isRoot } from "#os/user";
import { startWebServer } from "#os/web-server";
import type { EfiOptions } from "../bootloaders/efi-files.ts";
import { checkMenu, LIFEBOAT_DIRECTORY, type MenuOptions } from "../bootloaders/rescue-files.ts";
import { BUILD_ID_FILE } from "../set/image-manifest.ts";
import { dnsmasqArguments, type Loaders } from "./dnsmasq-args.ts";
import { readDnsmasqLine } from "./dnsmasq-log.ts";
import { fetchLog } from "./fetch-log.ts";
import { servedMenus, type MenuImage } from "./menus.ts";
import type { AddressRange, ServedNetwork } from "./choose-interface.ts";
import { readImages } from "./read-images.ts";
import { runDnsmasq } from "./run-dnsmasq.ts";
import { publishImages, publishTree, webFiles } from "./served-files.ts";
import type { ServedImage } from "./served-image.ts";

export interface ServeRequest {
  readonly directory: string;
  readonly network: ServedNetwork;
  /** Undefined: beside a DHCP server that is there. */
  readonly range: AddressRange | undefined;
  readonly port: number;
  /** Publish the sets themselves too. */
  readonly sets: boolean;
  /** `SERVER:/PATH`, from where machines read the sets unless they are published. */
  readonly nfs: string;
  readonly tftpOnly: boolean;
  readonly efi: EfiOptions;
  /** Of a machine's own menu; `words` tell the agent where the set is. */
  menuOf(image: Pick<MenuImage, "label" | "machineName" | "dateText" | "macs">, words: string): MenuOptions;
  /** Of each thing that happens, a line. */
  say(line: string): void;
  /** What the user must know. */
  remark(line: string): void;
}

export interface BootServer extends AsyncDisposable {
  /** Empty for a PXE tree. */
  readonly images: readonly ServedImage[];
  readonly webUrl: string;
  readonly loaders: Loaders;
  /** Rejects when it cannot go on. */
  readonly ended: Promise<never>;
}

/** Returns when machines can boot. Throws LifeboatError. */
export async function startBootServer(request: ServeRequest): Promise<BootServer> {
  requireRoot();
  await requireTftpPort(request.network);
  const { directory, network, range, tftpOnly, say, remark } = request;
  const isTree = await exists(`${directory}/${LIFEBOAT_DIRECTORY}/${BUILD_ID_FILE}`);
  const images = isTree ? [] : await readImages(directory, remark);
  await using setUp = new AsyncDisposableStack();
  const work = setUp.use(await makeTemporaryDirectory());
  // dnsmasq reads it as somebody else.
  await changeMode(work.path, 0o711);
  const root = `${work.path}/root`;
  await makeDirectory(root);
  await changeMode(root, 0o755);
  const find = webFiles(root, images, request.sets);
  const web = setUp.use(await startWebServer({ address: network.address, port: request.port, find, answered: fetchLog(say) }));
  const webUrl = `http://${network.address}:${web.port}`;
  const loaders = isTree ? await publishTree(directory, root) : await publishSets(request, images, { root, webUrl, work: work.path });
  const args = dnsmasqArguments({ ...network, range, tftpRoot: root, leaseFile: `${work.path}/leases`, webUrl, loaders, tftpOnly });
  const nameOf = (mac: string) => images.find(({ macs }) => macs.includes(mac))?.machineName;
  const onLine = (line: string) => {
    const text = readDnsmasqLine(line, isTree ? () => "" : nameOf);
    if (text !== undefined) say(text);
  };
  const dnsmasq = setUp.use(await runDnsmasq(args, onLine));
  const resources = setUp.move();
  return { images, webUrl, loaders, ended: dnsmasq.ended, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

interface Place {
  readonly root: string;
  readonly webUrl: string;
  readonly work: string;
}

async function publishSets(request: ServeRequest, images: readonly ServedImage[], { root, webUrl, work }: Place): Promise<Loaders> {
  // What is published is found beside the image. The set is named, as its directory may have got another name than the image knows.
  const place = request.sets ? [] : [`nfsmount=${request.nfs}`];
  const menuOf = (image: MenuImage) => request.menuOf(image, [`lifeboat.set=${image.id}`, ...place].join(" "));
  for (const image of images) checkMenu(menuOf(image));
  const menus = servedMenus({ images, webUrl, menuOf });
  const { tftpLoader, httpLoader } = await publishImages(images, menus, { root, workDirectory: work, efi: request.efi });
  return { efi: tftpLoader, efiHttp: httpLoader };
}

/** dnsmasq shares its ports with another dnsmasq, and each would answer some machines. */
async function requireTftpPort({ address }: ServedNetwork): Promise<void> {
  if (await isUdpPortFree(address, 69)) return;
  throw new LifeboatError(
    `Cannot answer machines that boot as port 69 of ${address}, TFTP's, must be free: something listens there already`,
    {
      hint: "End the TFTP server or dnsmasq that runs: ss -lunp shows it",
    },
  );
}

function requireRoot(): void {
  if (isRoot()) return;
  throw new LifeboatError("Cannot answer machines that boot as ports 67 and 69 are for root alone: this user is not root", {
    hint: "Run it with sudo",
  });
}
