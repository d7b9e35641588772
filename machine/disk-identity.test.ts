import assert from "node:assert/strict";
import { test } from "node:test";
import { diskIdentity, type DiskFacts } from "./disk-identity.ts";

const NONE: DiskFacts = {
  wwids: [],
  deviceIdentificationPage: undefined,
  serials: [],
  serialNumberPage: undefined,
  usbSerial: undefined,
  models: [],
  driver: undefined,
  drivers: [],
};

const ascii = (text: string) => Array.from(text, (character) => character.charCodeAt(0));

/** VPD page 0x83 (SPC-4 7.8.6) of designators: code set, association and type, bytes. */
function identificationPage(...designators: readonly (readonly [codeSet: number, type: number, bytes: readonly number[]])[]): Uint8Array {
  const body = designators.flatMap(([codeSet, type, bytes]) => [codeSet, type, 0, bytes.length, ...bytes]);
  return Uint8Array.from([0, 0x83, body.length >> 8, body.length & 0xff, ...body]);
}

test("diskIdentity() is the same for a disk however a kernel or a controller pads its names", () => {
  const padded = { ...NONE, wwids: ["naa.5000C500A1B2C3D4\n"], serials: [" WD-WX1\0\0  "], models: ["WDC  WD40EZAX   "] };
  const plain = { ...NONE, wwids: ["naa.5000c500a1b2c3d4"], serials: ["WD-WX1"], models: ["WDC WD40EZAX"] };
  assert.deepEqual(diskIdentity(padded), diskIdentity(plain));
  assert.deepEqual(diskIdentity(plain), {
    wwid: "naa.5000c500a1b2c3d4",
    serial: "WD-WX1",
    model: "WDC WD40EZAX",
    driver: undefined,
    drivers: [],
  });
});

test("diskIdentity() takes no blank and no row of zeros for a name, but a hypervisor's default", () => {
  const serialOf = (serial: string) => diskIdentity({ ...NONE, serials: [serial] }).serial;
  assert.deepEqual(["", "   ", "\0\0", "0000000000", "0", "QM00001", "0000000001"].map(serialOf), [
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
    "QM00001",
    "0000000001",
  ]);
  const wwidOf = (wwid: string) => diskIdentity({ ...NONE, wwids: [wwid] }).wwid;
  const blanks = ["naa.0000000000000000", "eui.0000000000000000", "uuid.00000000-0000-0000-0000-000000000000", "t10.   "];
  assert.deepEqual(blanks.map(wwidOf), [undefined, undefined, undefined, undefined]);
});

test("diskIdentity() keeps the case of T10 names and lowers that of hexadecimal ones", () => {
  const wwidOf = (wwid: string) => diskIdentity({ ...NONE, wwids: [undefined, wwid] }).wwid;
  assert.equal(wwidOf("t10.ATA     QEMU HARDDISK                           QM00001"), "t10.ATA QEMU HARDDISK QM00001");
  assert.equal(wwidOf("EUI.0025385B71B0ABCD"), "eui.0025385b71b0abcd");
});

test("diskIdentity() reads VPD page 0x83 where the kernel makes no wwid of it, and prefers what the kernel would", () => {
  const wwidOf = (page: Uint8Array) => diskIdentity({ ...NONE, deviceIdentificationPage: page }).wwid;
  const t10 = [2, 0x01, ascii("ATA     DISK  42")] as const;
  const naa = [1, 0x03, [0x50, 0, 0xc5, 0, 0xa1, 0xb2, 0xc3, 0xd4]] as const;
  const port = [1, 0x13, [0x50, 0, 0, 0, 0, 0, 0, 1]] as const;
  const eui = [1, 0x02, [0, 0x25, 0x38, 1, 2, 3, 4, 5]] as const;
  assert.equal(wwidOf(identificationPage(t10, port, naa)), "naa.5000c500a1b2c3d4");
  assert.equal(wwidOf(identificationPage(t10, eui)), "eui.0025380102030405");
  assert.equal(wwidOf(identificationPage(t10)), "t10.ATA DISK 42");
  assert.equal(wwidOf(identificationPage(port)), undefined);
  assert.equal(wwidOf(identificationPage(naa).subarray(0, 10)), undefined);
  assert.equal(wwidOf(new Uint8Array()), undefined);
});

test("diskIdentity() asks files, then VPD page 0x80, then the USB device for the serial number", () => {
  const page = Uint8Array.from([0, 0x80, 0, 8, ...ascii("PAGE-80 ")]);
  const serials = [
    { ...NONE, serials: [undefined, "FILE"], serialNumberPage: page, usbSerial: "USB" },
    { ...NONE, serials: ["0000"], serialNumberPage: page, usbSerial: "USB" },
    { ...NONE, usbSerial: "USB" },
  ].map((facts) => diskIdentity(facts).serial);
  assert.deepEqual(serials, ["FILE", "PAGE-80", "USB"]);
});
