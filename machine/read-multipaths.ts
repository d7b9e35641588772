// The multipath devices of this machine, as sysfs tells them: no daemon is asked, and none has to run.

import { listSys, readSys } from "#os/sysfs";
import { parseMapperUuid, type MultipathDevice } from "./multipath.ts";

export function readMultipaths(sysRoot = "/sys"): readonly MultipathDevice[] {
  const mapped = listSys(`${sysRoot}/block`)
    .filter((node) => /^dm-\d+$/.test(node))
    .flatMap((node) => {
      const place = `${sysRoot}/block/${node}`;
      const [name, found] = [readSys(`${place}/dm/name`), parseMapperUuid(readSys(`${place}/dm/uuid`) ?? "")];
      return name === undefined || found === undefined ? [] : [{ node, name, ...found, on: listSys(`${place}/slaves`) }];
    });
  return mapped
    .filter(({ partition }) => partition === undefined)
    .map(({ node, name, wwid, on }): MultipathDevice => {
      const parts = mapped.filter((one) => one.partition !== undefined && one.on.includes(node));
      return { node, name, wwid, paths: on, partitions: new Map(parts.map((one) => [one.partition!, one.name])) };
    });
}
