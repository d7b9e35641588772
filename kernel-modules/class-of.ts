// The class of one module: by its name, else by the longest path that fits.
import { CLASSES, type ClassMembers, type ClassPlace } from "./classes.ts";

/** `path` is as in modules.dep; whether it begins with `kernel/`, `updates/` or `extra/` makes no difference. */
export function classOf(name: string, path: string): ClassPlace | undefined {
  const named = BY_NAME.get(name);
  if (named !== undefined) return named;
  const whole = `/${path}`;
  return BY_PATH.find((entry) => whole.includes(entry.path))?.place;
}

const STAGES = ["early", "late"] as const;

const PLACES: readonly { readonly members: ClassMembers; readonly place: ClassPlace }[] = CLASSES.flatMap((moduleClass) =>
  STAGES.map((stage) => ({ members: moduleClass[stage], place: { class: moduleClass.name, stage } })),
);

const BY_NAME: ReadonlyMap<string, ClassPlace> = new Map(
  PLACES.flatMap(({ members, place }) => members.modules.map((module): [string, ClassPlace] => [module, place])),
);

const BY_PATH: readonly { readonly path: string; readonly place: ClassPlace }[] = PLACES.flatMap(({ members, place }) =>
  members.paths.map((path) => ({ path: `/${path}`, place })),
).sort((a, b) => b.path.length - a.path.length);
