// A command's medium, mounted while the command runs where it is a share on the network or a stick.

import type { Shown } from "../media/mounted-place.ts";
import { withShare } from "../media/share.ts";
import { lookAtStick, parseStickUrl, requireStick, withStickStore } from "../media/stick.ts";
import type { CommandSpec, Invocation } from "./command-spec.ts";

/** Calls `work` with the arguments, in which a path stands where the URL of a share or a stick stood, and with what shows that path as the URL. */
export async function withMedium<T>(
  { args: specs }: Pick<CommandSpec, "args">,
  { args, options }: Pick<Invocation, "args" | "options">,
  work: (args: Invocation["args"], shown: Shown) => Promise<T>,
): Promise<T> {
  const at = specs.findIndex(({ medium }) => medium !== undefined);
  const [spec, place] = [specs[at], args[at]];
  if (spec?.medium === undefined || place === undefined) return work(args, (text) => text);
  const mode = spec.medium(options);
  const atPath = (path: string, shown: Shown) =>
    work(
      args.map((value, index) => (index === at ? path : value)),
      shown,
    );
  const device = parseStickUrl(place);
  if (device === undefined) return withShare(place, mode, atPath);
  if (spec.makesSticks === true) return work(args, (text) => text);
  return withStickStore(requireStick(await lookAtStick(device)), { place, mode }, atPath);
}
