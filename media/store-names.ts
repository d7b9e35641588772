// The names that Lifeboat gives in a store, so that nothing else is taken for its own. Pure.

import { IMAGES_DIRECTORY, isImageFile } from "../set/device-image-files.ts";
import {
  CATALOGUE_FILE,
  frameListName,
  LUKS_DIRECTORY,
  LUKS_HEADER_FILE,
  MACHINE_FILE,
  MANIFEST_FILE,
  RESCUE_ISO_FILE,
  SET_ID,
  STORE_MARK,
  volumeNumber,
} from "../set/set-manifest.ts";

/** In a set that is being written: who does it. */
export const LOCK_FILE = "writing.json";
/** Before six letters: a set until it has its name, and one that becomes an ISO. */
export const NEW_PREFIX = ".lifeboat-new-";
export const STAGING_PREFIX = ".lifeboat-staging-";

const ISO_NAME = new RegExp(`${SET_ID.source.slice(0, -1)}-\\d+\\.iso$`);
const FRAME_LIST = /^data-\d{4,}\.frames$/;
/** os/files.ts writes such files and renames them; a process that was killed leaves one. */
const MARK_NAME = new RegExp(`^\\${STORE_MARK}(?:\\.part-[0-9a-f]{12})?$`);
const WORK_NAME = new RegExp(`^(?:\\${NEW_PREFIX}|\\${STAGING_PREFIX})[A-Za-z0-9]{6}$`);

/** A directory of that name is a set when its content is one's. */
export function isSetName(name: string): boolean {
  return SET_ID.test(name);
}

/** The ISO that holds a set, by the name that archive gives it. */
export function isSetIsoName(name: string): boolean {
  return ISO_NAME.test(name);
}

/** Of the image that is a set's only or first disc, or of another one. Without a prefix of the user's it is the set's name. */
export function setIsoName(prefix: string, disc = 1): string {
  return `${prefix}-${disc}.iso`;
}

/** A directory in which a set is made. */
export function isWorkName(name: string): boolean {
  return WORK_NAME.test(name);
}

/** Half a mark of a store. */
export function isUnfinishedMark(name: string): boolean {
  return MARK_NAME.test(name) && name !== STORE_MARK;
}

/** Names that nobody else gives, whatever is behind them. */
export function isOwnName(name: string): boolean {
  return MARK_NAME.test(name) || WORK_NAME.test(name) || ISO_NAME.test(imageOfDigest(name));
}

/** An image, for the name of its digest. */
export function imageOfDigest(name: string): string {
  return name.replace(/(?<=\.iso)\.b2$/i, "");
}

const PART = /\.part-[0-9a-f]{12}$/;
const SET_FILES: ReadonlySet<string> = new Set([MANIFEST_FILE, MACHINE_FILE, CATALOGUE_FILE, LOCK_FILE, RESCUE_ISO_FILE]);
/** In which the rescue image is made; see bootloaders/output.ts, and os/temporaries.ts for the name. */
const BOOT_WORK = /^boot\/\.lifeboat-(?:\d+(?:-\w*){3}-)?[A-Za-z0-9]{6}(?:\/output)?$/;

const DIRECTORIES: ReadonlySet<string> = new Set(["boot", LUKS_DIRECTORY, IMAGES_DIRECTORY]);

/** A path below a set, by the names that archive gives there, those of what is half written too. */
export function isSetPath(path: string): boolean {
  const whole = path.replace(PART, "");
  if (DIRECTORIES.has(whole) || SET_FILES.has(whole) || LUKS_HEADER_FILE.test(whole)) return true;
  return FRAME_LIST.test(whole) || volumeNumber(whole) !== undefined || isImageFile(whole) || BOOT_WORK.test(path);
}

/** Of a directory that has a set's name: what is in it. One with nothing but directories of a set is what an archive makes first. */
export function isSetContent(names: readonly string[]): boolean {
  const own: ReadonlySet<string> = new Set([MANIFEST_FILE, MACHINE_FILE, CATALOGUE_FILE, LOCK_FILE, frameListName(1)]);
  return names.every((name) => DIRECTORIES.has(name)) || names.some((name) => own.has(name) || volumeNumber(name) !== undefined);
}
