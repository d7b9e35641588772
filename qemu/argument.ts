// One QEMU option value: a name and its properties, with the commas of values doubled as QEMU's option parser wants.

export type Properties = Readonly<Record<string, string | number | undefined>>;

/** `argumentOf("nvme", {drive: "disk0", serial: undefined})` is `nvme,drive=disk0`. Undefined properties are left out. */
export function argumentOf(name: string | undefined, properties: Properties): string {
  const pairs = Object.entries(properties).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key}=${escapeCommas(String(value))}`],
  );
  return [...(name === undefined ? [] : [escapeCommas(name)]), ...pairs].join(",");
}

function escapeCommas(value: string): string {
  return value.replaceAll(",", ",,");
}
