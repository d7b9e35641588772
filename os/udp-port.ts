// Whether a UDP port is free: servers that let others share a port tell nothing when they do.
import { createSocket } from "node:dgram";

/** Binds it for a moment, sharing it with nobody. */
export function isUdpPortFree(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket("udp4");
    socket.once("error", () => {
      socket.close();
      resolve(false);
    });
    socket.bind({ address, port, exclusive: true }, () => socket.close(() => resolve(true)));
  });
}
