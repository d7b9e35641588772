// One way to write a large output: refuse, check the room, write where nobody else can look, rename when whole.
import { LifeboatError } from "#os/error";
import { changeMode, fileInfo, linkInfo, makeTemporaryDirectory, moveIntoPlace, readLink, spaceOn } from "#os/files";

export interface OutputOptions {
  readonly outputPath: string;
  /** What the output will take at most. */
  readonly neededBytes: number;
  /** Replace a file that is there. */
  readonly force?: boolean;
}

/**
 * Calls `write` with a name in a directory of mode 0700 beside the target and moves the result there, mode 0600: whatever mode the
 * writing program gives, nobody else can open the file at any time. Returns its size in bytes.
 */
export async function writeOutput(options: OutputOptions, write: (temporaryPath: string) => Promise<void>): Promise<number> {
  const { outputPath } = options;
  await checkTarget(outputPath, options.force === true);
  await checkSpace(parentOf(outputPath), options.neededBytes);
  await using work = await makeTemporaryDirectory(".lifeboat-", parentOf(outputPath));
  const temporaryPath = `${work.path}/output`;
  await write(temporaryPath);
  await changeMode(temporaryPath, 0o600);
  await moveIntoPlace(temporaryPath, outputPath);
  return (await fileInfo(outputPath))?.sizeBytes ?? 0;
}

/** Throws LifeboatError when the file system that holds `directory` has less room than that. */
export async function checkSpace(directory: string, neededBytes: number): Promise<void> {
  const { freeBytes } = await spaceOn(directory);
  if (freeBytes >= neededBytes) return;
  throw new LifeboatError(
    `Cannot write into "${directory}" as the output needs ${mebibytes(neededBytes)}: ${mebibytes(freeBytes)} are free`,
    {
      hint: "Free some space or choose another place",
    },
  );
}

/** The directory part of a path; "." when there is none. */
export function parentOf(path: string): string {
  const end = path.replace(/\/+$/, "").lastIndexOf("/");
  return end < 0 ? "." : end === 0 ? "/" : path.slice(0, end);
}

/** Throws LifeboatError, exit code 3, for a symbolic link: a rename would replace the link and leave what it points to as it was. */
export async function checkNoLink(path: string, kind = "file"): Promise<void> {
  if ((await linkInfo(path))?.type !== "symlink") return;
  throw new LifeboatError(`Cannot write "${path}" as the output is a ${kind}: it is a symbolic link to "${await readLink(path)}"`, {
    hint: `Name the ${kind} itself, or remove the link`,
  });
}

async function checkTarget(path: string, force: boolean): Promise<void> {
  const info = await fileInfo(path);
  if (info === undefined || info.type === "file") await checkNoLink(path);
  if (info === undefined) return;
  if (info.type !== "file") {
    throw new LifeboatError(`Cannot write "${path}" as the output is a file: it is a ${info.type.replace("-", " ")}`, {
      hint: "Write to a file first, then copy it to the device",
    });
  }
  if (!force) {
    throw new LifeboatError(`Cannot write "${path}" as existing files are kept: it exists already`, {
      hint: "Give --force to replace it, or choose another name",
    });
  }
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MiB`;
}
