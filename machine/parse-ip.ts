// Reads `ip -json addr` and `ip -json route` (iproute2 4.14 and later): addresses and gateways as they are now.
import * as v from "valibot";
import { LifeboatError } from "#os/error";

export interface IpAddresses {
  readonly name: string;
  readonly mac: string | undefined;
  /** Those that reach beyond the link, with the length of the prefix. */
  readonly addresses: readonly string[];
}

export interface DefaultRoute {
  readonly interfaceName: string;
  readonly gateway: string;
}

const Links = v.array(
  v.object({
    ifname: v.optional(v.string()),
    address: v.optional(v.string()),
    addr_info: v.optional(
      v.array(v.object({ local: v.optional(v.string()), prefixlen: v.optional(v.number()), scope: v.optional(v.string()) })),
    ),
  }),
);

const Routes = v.array(
  v.object({
    dst: v.optional(v.string()),
    gateway: v.optional(v.string()),
    dev: v.optional(v.string()),
    metric: v.optional(v.number()),
  }),
);

export function parseIpAddresses(json: string): readonly IpAddresses[] {
  return parse(Links, json, "addresses").flatMap((link): IpAddresses[] => {
    if (link.ifname === undefined) return [];
    const addresses = (link.addr_info ?? []).flatMap(({ local, prefixlen, scope }) =>
      local === undefined || scope === "link" || scope === "host" ? [] : [prefixlen === undefined ? local : `${local}/${prefixlen}`],
    );
    return [{ name: link.ifname, mac: link.address?.toLowerCase(), addresses }];
  });
}

/** Routes to everywhere that go through a gateway, those that are taken first in front. */
export function parseIpRoutes(json: string): readonly DefaultRoute[] {
  return [...parse(Routes, json, "routes")]
    .sort((a, b) => (a.metric ?? 0) - (b.metric ?? 0))
    .flatMap(({ dst, gateway, dev }): DefaultRoute[] =>
      dst === "default" && gateway !== undefined && dev !== undefined ? [{ interfaceName: dev, gateway }] : [],
    );
}

function parse<S extends v.GenericSchema>(schema: S, json: string, what: string): v.InferOutput<S> {
  // Without any route ip prints nothing at all in some versions.
  const parsed = v.safeParse(schema, json.trim() === "" ? [] : parseJson(json, what));
  if (parsed.success) return parsed.output;
  const issue = parsed.issues[0];
  throw unreadable(what, `${v.getDotPath(issue) ?? "the whole"}: ${issue.message}`);
}

function parseJson(json: string, what: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch (error) {
    throw unreadable(what, error instanceof Error ? error.message : "no JSON");
  }
}

function unreadable(what: string, state: string): LifeboatError {
  return new LifeboatError(`Cannot read ip's output as a JSON list of ${what}: ${state}`, {
    hint: "Lifeboat needs iproute2 4.14 or later",
  });
}
