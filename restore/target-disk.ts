// A disk that is here, as steps and the gate know it. Pure.

import type { Disk } from "../machine/model.ts";
import type { TargetDisk } from "./plan.ts";

export function targetDisk({ id, identity, sizeBytes, logicalSectorBytes, multipath }: Disk): TargetDisk {
  const { wwid, serial, model, driver, drivers } = identity;
  return {
    name: id,
    path: `/dev/${id}`,
    wwid,
    serial,
    model,
    driver,
    drivers,
    sizeBytes,
    logicalSectorBytes,
    ...(multipath === undefined ? {} : { multipath }),
  };
}
