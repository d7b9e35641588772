// `lifeboat serve DIR`: machines boot over the network and are brought back.

import { utcNow } from "#os/clock";
import { LifeboatError } from "#os/error";
import { bootLoaderRoots } from "../builder/make-medium.ts";
import { checkWords } from "../builder/check-secrets.ts";
import { startBootServer, type ServeRequest } from "../boot-server/boot-server.ts";
import { chooseNetwork, parseRange } from "../boot-server/choose-interface.ts";
import { exportLine, writeExport } from "../boot-server/nfs-export.ts";
import { servingText } from "../boot-server/serving-text.ts";
import { APPEND_OPTION, CONSOLE_OPTION, readMenu, requireNoCredential, sourceDateEpoch, TIMEOUT_OPTION } from "./menu-options.ts";
import { cacheDirectoryOf } from "./cache-hint.ts";
import { listOption, numberOption, textOption, type CommandSpec, type OptionSpec, type OptionValues } from "./command-spec.ts";
import { checkRules, type OptionRule } from "./option-rules.ts";

const DEFAULT_PORT = 8080;

const SERVE_OPTIONS: readonly OptionSpec[] = [
  {
    name: "interface",
    short: "i",
    value: "NAME",
    description: "The network interface to serve on, or its address",
    defaultText: "the only one that has an address",
  },
  {
    name: "dhcp",
    value: "FIRST-LAST",
    description: "Give away these addresses, as the network's only DHCP server",
    defaultText: "tell machines what to boot beside the DHCP server that is there (proxy-DHCP)",
  },
  { name: "port", value: "PORT", type: "number", description: "The web server's port", defaultText: String(DEFAULT_PORT) },
  { name: "sets", description: "Publish the sets themselves over HTTP too: everybody on the network can read them then", inConfig: false },
  {
    name: "nfs",
    value: "SERVER:/PATH",
    description: "Where machines mount the sets from",
    defaultText: "this machine and DIR",
  },
  {
    name: "write-export",
    value: "FILE",
    type: "path",
    description: "Write the line for the NFS server into a file of its own, such as /etc/exports.d/lifeboat.exports",
  },
  { name: "tftp-only", description: "Give iPXE the boot loaders that other machines get, not the menu over HTTP" },
  {
    name: "self-restoring",
    short: "H",
    value: "MACHINE",
    many: true,
    description:
      "Let this machine, named by its set, host or MAC, restore itself: its menu starts nuke when no key is pressed. Whoever boots it loses what is on its disks; may be given again",
    inConfig: false,
  },
  APPEND_OPTION,
  CONSOLE_OPTION,
  TIMEOUT_OPTION,
  {
    name: "cache",
    value: "DIR",
    type: "path",
    description: "Where the signed boot loaders are kept",
    defaultText: "LIFEBOAT_CACHE, else as for build",
  },
];

const RULES: readonly OptionRule[] = [
  { option: "nfs", excludes: ["sets"], because: "the sets are read from one place" },
  { option: "write-export", excludes: ["sets", "nfs"], because: "it is this machine's export that it writes" },
];

export const serveCommand: CommandSpec = {
  name: "serve",
  summary: "Let machines boot over the network from a directory of sets, or from a PXE tree",
  description:
    "Answers machines that boot over the network, BIOS and UEFI, until it is ended: DHCP beside or in place of another server, TFTP and HTTP. A machine whose " +
    "network card is in a set gets the menu of its own newest set; others choose from all, and boot from their own disk when nobody does. Boot files alone are published: the sets are " +
    "read over NFS, for which the line of /etc/exports is printed or written. What each machine fetches is printed. DIR may also be a tree that lifeboat build --format pxe made.",
  args: [{ name: "DIR", required: true, isPath: true, description: "A directory that holds sets, a set, or a PXE tree" }],
  options: SERVE_OPTIONS,
  examples: [
    { command: "lifeboat serve /srv/sets --interface eth1", says: "beside the DHCP server of that network" },
    {
      command: "lifeboat serve /srv/sets -i eth1 --dhcp 192.168.0.50-192.168.0.90 --sets",
      says: "on a network of its own, without any NFS server",
    },
  ],
  async run({ args: [directory = ""], options, print, remark }) {
    checkRules(RULES, options);
    const request = await readRequest(directory, options, { print, remark });
    const line = exportLine(directory, request.network.subnet);
    const exportFile = textOption(options, "write-export");
    await using server = await startBootServer(request);
    checkMachines(listOption(options, "self-restoring"), server.images);
    if (exportFile !== undefined) await writeExport(exportFile, line);
    const needsExport = server.images.length > 0 && !request.sets && textOption(options, "nfs") === undefined;
    print(servingText({ ...request, ...server, exported: needsExport ? { line, file: exportFile } : undefined }));
    return await server.ended;
  },
};

interface Speech {
  print(text: string): void;
  remark(text: string): void;
}

async function readRequest(directory: string, options: OptionValues, { print, remark }: Speech): Promise<ServeRequest> {
  const network = chooseNetwork(textOption(options, "interface"));
  const range = textOption(options, "dhcp");
  const append = textOption(options, "append") ?? "";
  checkWords([append]);
  const ownRestore = listOption(options, "self-restoring").map((name) => name.toLowerCase());
  const sets = options["sets"] === true;
  const nfs = textOption(options, "nfs") ?? `${network.address}:${directory}`;
  if (!sets) checkNfs(nfs);
  if (ownRestore.length > 0) requireNoCredential([append, nfs]);
  const menu = readMenu(options, sourceDateEpoch());
  return {
    directory,
    network,
    range: range === undefined ? undefined : parseRange(range, network),
    port: numberOption(options, "port", DEFAULT_PORT),
    sets,
    nfs,
    tftpOnly: options["tftp-only"] === true,
    efi: { secureBoot: "auto", assetRoots: await bootLoaderRoots(cacheDirectoryOf(options)) },
    menuOf({ label, machineName, dateText, macs }, words) {
      const restoresItself = [label, machineName, ...macs].some((name) => ownRestore.includes(name.toLowerCase()));
      const own = restoresItself ? ({ defaultMode: "nuke", consentToNuke: true } as const) : {};
      return { ...menu, machineName, dateText, append: `${words} ${append}`.trim(), ...own };
    },
    say: (line) => print(`${utcNow().slice(11, 19)} ${line}`),
    remark,
  };
}

/** It becomes a boot word. */
function checkNfs(nfs: string): void {
  if (/^[\w.-]+:\/[\w./@+:,=~-]*$/.test(nfs)) return;
  throw new LifeboatError(`Cannot tell machines where the sets are as nfsmount= is SERVER:/PATH of plain letters: "${nfs}"`, {
    exitCode: 2,
    hint: "Name a place of such letters with --nfs, or publish the sets over HTTP with --sets",
  });
}

/** A name that is none would leave a machine waiting that was meant to restore itself. */
function checkMachines(
  wanted: readonly string[],
  images: readonly { label: string; machineName: string; macs: readonly string[] }[],
): void {
  const known = images.flatMap(({ label, machineName, macs }) => [label, machineName, ...macs]).map((name) => name.toLowerCase());
  const stray = wanted.find((name) => !known.includes(name.toLowerCase()));
  if (stray === undefined) return;
  throw new LifeboatError(
    `Cannot let "${stray}" restore itself as --self-restoring names a machine of the sets: there are ${known.join(", ")}`,
    {
      exitCode: 2,
    },
  );
}
