// Asks what to boot, as the firmware of a machine does (PXE 2.1, section 2.2), and prints the answers: `node pxe-question.ts ARCHITECTURE MAC [USER-CLASS]`.
// A server that tells no file is asked again on port 4011, as it is one beside the network's DHCP server.

import { createSocket } from "node:dgram";
import { networkInterfaces } from "node:os";

const [architecture = "0", mac = "52:54:00:00:00:01", userClass] = process.argv.slice(2);
/** dnsmasq pings an address for 3 s before it gives it away. */
const WAIT_MS = 4500;

/** RFC 2131 section 2: the fixed part, the magic cookie, options. */
function question(type: 1 | 3, item?: Uint8Array): Buffer {
  const fixed = Buffer.alloc(240);
  fixed.set([1, 1, 6, 0, 0x4c, 0x42, 0, 1]);
  // The answer to the first one is to be sent to all; later our address is known.
  if (type === 1) fixed.writeUInt16BE(0x8000, 10);
  else fixed.set(ownAddress(), 12);
  fixed.set(macBytes(), 28);
  fixed.set([0x63, 0x82, 0x53, 0x63], 236);
  const arch = Buffer.alloc(2);
  arch.writeUInt16BE(Number(architecture));
  const vendor = `${Number(architecture) === 16 ? "HTTPClient" : "PXEClient"}:Arch:${architecture.padStart(5, "0")}:UNDI:003000`;
  return Buffer.concat([
    fixed,
    option(53, Buffer.from([type])),
    option(55, Buffer.from([1, 3, 43, 54, 60, 66, 67])),
    option(60, Buffer.from(vendor)),
    option(93, arch),
    option(94, Buffer.from([1, 3, 0])),
    option(97, Buffer.alloc(17)),
    // PXE_BOOT_ITEM: the first of the menu, its layer 0.
    ...(item === undefined ? [] : [option(43, Buffer.concat([Buffer.from([71, 4]), item, Buffer.from([0, 0, 255])]))]),
    ...(userClass === undefined ? [] : [option(77, Buffer.from(userClass))]),
    Buffer.from([255]),
  ]);
}

function ownAddress(): readonly number[] {
  const [first] = Object.values(networkInterfaces()).flatMap((all = []) =>
    all.filter(({ family, internal }) => family === "IPv4" && !internal),
  );
  return (first?.address ?? "0.0.0.0").split(".").map(Number);
}

function macBytes(): Buffer {
  return Buffer.from(mac.replaceAll(":", ""), "hex");
}

function option(code: number, value: Buffer): Buffer {
  return Buffer.concat([Buffer.from([code, value.length]), value]);
}

function readOptions(packet: Buffer): ReadonlyMap<number, Buffer> {
  const options = new Map<number, Buffer>();
  for (let at = 240; at < packet.length && packet[at] !== 255;) {
    if (packet[at] === 0) at += 1;
    else {
      options.set(packet[at]!, packet.subarray(at + 2, at + 2 + packet[at + 1]!));
      at += 2 + packet[at + 1]!;
    }
  }
  return options;
}

/** The type of the first service in PXE_BOOT_MENU, tag 9 of the vendor's options. */
function firstItem(vendorOptions: Buffer | undefined): Buffer | undefined {
  if (vendorOptions === undefined) return undefined;
  for (let at = 0; at < vendorOptions.length && vendorOptions[at] !== 255; at += 2 + vendorOptions[at + 1]!)
    if (vendorOptions[at] === 9) return vendorOptions.subarray(at + 2, at + 4);
  return undefined;
}

function textIn(bytes: Buffer | undefined): string {
  return (bytes ?? Buffer.alloc(0)).toString("latin1").replace(/\0.*$/s, "");
}

/** The file field, or option 67 where it is longer. */
function describe(packet: Buffer) {
  const options = readOptions(packet);
  return {
    address: [...packet.subarray(16, 20)].join("."),
    server: [...packet.subarray(20, 24)].join("."),
    file: textIn(packet.subarray(108, 236)) || textIn(options.get(67)),
    vendor: textIn(options.get(60)),
  };
}

let hasAskedAgain = false;
const socket = createSocket({ type: "udp4", reuseAddr: true });
socket.on("message", (packet) => {
  if (packet[0] !== 2 || !packet.subarray(28, 34).equals(macBytes())) return;
  const answer = describe(packet);
  const server = readOptions(packet).get(54);
  if (answer.file === "" && server !== undefined && !hasAskedAgain) {
    hasAskedAgain = true;
    socket.send(question(3, firstItem(readOptions(packet).get(43))), 4011, [...server].join("."));
  } else console.log(JSON.stringify(answer));
});
socket.bind(68, () => {
  socket.setBroadcast(true);
  socket.send(question(1), 67, "255.255.255.255");
  setTimeout(() => socket.close(), WAIT_MS);
});
