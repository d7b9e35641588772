// The menus of a boot server with several machines: each machine its own, found by its cards' addresses; all others one of all. Pure.

import { grubNetworkMenu, grubSettings, quote } from "../bootloaders/menu-grub.ts";
import { ipxeMenu } from "../bootloaders/menu-ipxe.ts";
import { bootPage, plain } from "../bootloaders/menu-page.ts";
import { PXELINUX_PAGE_NAME, pxelinuxMenu } from "../bootloaders/menu-pxelinux.ts";
import { serialLine, type MenuOptions } from "../bootloaders/rescue-files.ts";
import type { MediumText } from "../bootloaders/medium-files.ts";

export interface MenuImage {
  /** The directory that its files are served in: the set's id. */
  readonly id: string;
  /** What is typed to choose it in the menu of all. */
  readonly label: string;
  readonly machineName: string;
  /** When the set was made. */
  readonly dateText: string;
  readonly buildId: string;
  /** Of the machine's cards, in small letters with colons. */
  readonly macs: readonly string[];
}

export interface ServedMenus {
  readonly images: readonly MenuImage[];
  /** `http://SERVER:PORT`, where the images are, each in the directory of its id. */
  readonly webUrl: string;
  menuOf(image: MenuImage): MenuOptions;
}

/** What a machine that is in no set does when nobody chooses. */
const LOCAL = "local";
const LOCAL_TEXT = "Boot from this machine's own disk";

/** All of them as files below the root of the TFTP and the web server. Of images with one MAC the last one has it. */
export function servedMenus(menus: ServedMenus): readonly MediumText[] {
  return [...menus.images.flatMap((image) => ownMenus(image, menus)), ...menusOfAll(menus)];
}

function ownMenus(image: MenuImage, { webUrl, menuOf }: ServedMenus): readonly MediumText[] {
  const { id, buildId, macs } = image;
  const menu = menuOf(image);
  const mediumUrl = `${webUrl}/${id}`;
  const pageName = `pxelinux.cfg/${id}.msg`;
  const pxelinux = pxelinuxMenu(menu, mediumUrl, { base: `${id}/`, pageName });
  return [
    { path: pageName, text: bootPage(menu, buildId) },
    { path: pxelinuxName(id), text: pxelinux },
    // PXELINUX asks for 01-MAC with dashes before anything else (doc/pxelinux.txt).
    ...macs.map((mac) => ({ path: `pxelinux.cfg/01-${mac.replace(/:/g, "-")}`, text: pxelinux })),
    { path: grubName(id), text: grubNetworkMenu(menu, buildId, { mediumUrl, base: `${id}/` }) },
    { path: `${id}/boot.ipxe`, text: ipxeMenu(menu, mediumUrl) },
  ];
}

function pxelinuxName(id: string): string {
  return `pxelinux.cfg/${id}.cfg`;
}

function grubName(id: string): string {
  return `grub/${id}.cfg`;
}

function menusOfAll(menus: ServedMenus): readonly MediumText[] {
  const [first] = menus.images;
  if (first === undefined) return [];
  const menu = menus.menuOf(first);
  return [
    { path: PXELINUX_PAGE_NAME, text: pageOfAll(menus, menu) },
    { path: "pxelinux.cfg/default", text: pxelinuxOfAll(menus, menu) },
    { path: "grub/grub.cfg", text: grubOfAll(menus, menu) },
    { path: "boot.ipxe", text: ipxeOfAll(menus, menu) },
  ];
}

function textOf({ machineName, dateText }: MenuImage): string {
  return plain(`${machineName}, made ${dateText}`);
}

function pageOfAll({ images }: ServedMenus, { timeoutSeconds }: MenuOptions): string {
  const width = Math.max(LOCAL.length, ...images.map(({ label }) => label.length)) + 2;
  const waits = timeoutSeconds === 0 ? "Enter" : `Enter, or waiting ${timeoutSeconds} seconds,`;
  return [
    "",
    "Lifeboat",
    "========",
    "This machine is in none of the sets here. Whose set shall it boot the rescue",
    "system of? Type a word and press Enter; a menu follows, and nothing is written.",
    "",
    ...images.map((image) => `    ${image.label.padEnd(width)}${textOf(image)}`.slice(0, 79)),
    `    ${LOCAL.padEnd(width)}${LOCAL_TEXT}`,
    "",
    `${waits} starts "${LOCAL}".`,
    "",
    "",
  ].join("\n");
}

function pxelinuxOfAll({ images }: ServedMenus, menu: MenuOptions): string {
  const serial = serialLine(menu);
  return [
    ...(serial === undefined ? [] : [`SERIAL ${serial.unit} ${serial.speedBaud}`]),
    `DEFAULT ${LOCAL}`,
    "PROMPT 1",
    `TIMEOUT ${menu.timeoutSeconds * 10}`,
    "IMPLICIT 0",
    `DISPLAY ${PXELINUX_PAGE_NAME}`,
    ...images.flatMap(({ id, label }) => ["", `LABEL ${label}`, `  CONFIG ${pxelinuxName(id)}`]),
    "",
    `LABEL ${LOCAL}`,
    // On to what the firmware has next in its order (doc/syslinux.txt).
    "  LOCALBOOT -1",
    "",
  ].join("\n");
}

function grubOfAll({ images }: ServedMenus, menu: MenuOptions): string {
  const own = images.flatMap(({ id, macs }) =>
    macs.map((mac) => `if [ "$net_default_mac" = "${mac}" ]; then configfile /${grubName(id)}; fi`),
  );
  const choices = images.map(
    (image) => `menuentry ${quote(textOf(image))} --id ${quote(image.label)} { configfile /${grubName(image.id)}; }`,
  );
  return [...own, ...grubSettings(menu, LOCAL), ...choices, `menuentry "${LOCAL_TEXT}" --id ${LOCAL} { exit; }`, ""].join("\n");
}

function ipxeOfAll({ images, webUrl }: ServedMenus, menu: MenuOptions): string {
  const chain = ({ id }: MenuImage) => `chain --replace ${webUrl}/${id}/boot.ipxe`;
  return [
    "#!ipxe",
    ...images.flatMap((image) => image.macs.map((mac) => `iseq \${mac} ${mac} && ${chain(image)} ||`)),
    ":start",
    "menu Lifeboat - this machine is in none of the sets here",
    ...images.map((image) => `item ${image.id} ${textOf(image)}`),
    `item ${LOCAL} ${LOCAL_TEXT}`,
    `choose --default ${LOCAL} --timeout ${menu.timeoutSeconds * 1000} image || goto ${LOCAL}`,
    "goto ${image}",
    ...images.flatMap((image) => [`:${image.id}`, `${chain(image)} || goto start`]),
    `:${LOCAL}`,
    "exit",
    "",
  ].join("\n");
}
