import assert from "node:assert/strict";
import { test } from "node:test";
import { dnsmasqArguments, type DnsmasqOptions } from "./dnsmasq-args.ts";
import { dnsmasqProblem, readDnsmasqLine } from "./dnsmasq-log.ts";
import { subnetOf } from "./subnet.ts";

const OPTIONS: DnsmasqOptions = {
  interfaceName: "eth1",
  address: "10.77.0.1",
  subnet: subnetOf("10.77.0.1", "255.255.255.0"),
  range: { from: "10.77.0.50", to: "10.77.0.90" },
  tftpRoot: "/tmp/root",
  leaseFile: "/tmp/leases",
  webUrl: "http://10.77.0.1:8080",
  loaders: { efi: "shimx64.efi", efiHttp: "grub-http.efi" },
  tftpOnly: false,
};

const boots = (options: DnsmasqOptions) => dnsmasqArguments(options).filter((word) => /dhcp-range|dhcp-boot|pxe-service/.test(word));

test("dnsmasqArguments() gives each kind of machine its loader", () => {
  assert.deepEqual(boots(OPTIONS), [
    "--dhcp-range=10.77.0.50,10.77.0.90,255.255.255.0,1h",
    "--dhcp-boot=tag:!efi,tag:!efihttp,tag:!ipxe,pxelinux.0,,10.77.0.1",
    "--dhcp-boot=tag:efi,tag:!ipxe,shimx64.efi,,10.77.0.1",
    "--dhcp-boot=tag:efihttp,tag:!ipxe,http://10.77.0.1:8080/grub-http.efi",
    "--dhcp-boot=tag:ipxe,http://10.77.0.1:8080/boot.ipxe,,10.77.0.1",
  ]);
});

test("dnsmasqArguments() leaves addresses to the server that is there, and iPXE to TFTP where that is asked for", () => {
  const words = boots({ ...OPTIONS, range: undefined, tftpOnly: true });
  assert.deepEqual(words, [
    "--dhcp-range=10.77.0.0,proxy,255.255.255.0",
    "--pxe-service=x86PC,Lifeboat,pxelinux.0,10.77.0.1",
    "--pxe-service=BC_EFI,Lifeboat,shimx64.efi,10.77.0.1",
    "--pxe-service=X86-64_EFI,Lifeboat,shimx64.efi,10.77.0.1",
  ]);
});

const nameOf = (mac: string) => (mac === "52:54:00:4c:42:01" ? "web1" : undefined);
const LINES: readonly (readonly [line: string, text: string | undefined])[] = [
  ["Nov 27 10:20:01 dnsmasq-dhcp[77]: DHCPACK(tap0) 10.77.0.51 52:54:00:4c:42:01 web1", "52:54:00:4c:42:01 (web1) has got 10.77.0.51"],
  ["Nov 27 10:20:01 dnsmasq-dhcp[77]: DHCPACK(tap0) 10.77.0.52 52:54:00:4c:42:02", "52:54:00:4c:42:02 (in no set here) has got 10.77.0.52"],
  ["Nov 27 10:20:01 dnsmasq-dhcp[77]: DHCPOFFER(tap0) 10.77.0.51 52:54:00:4c:42:01", undefined],
  ["Nov 27 10:20:01 dnsmasq-dhcp[77]: PXE(tap0) 52:54:00:4c:42:01 proxy", "52:54:00:4c:42:01 (web1) asks what to boot"],
  ["dnsmasq-dhcp[77]: PXE(tap0) 10.77.0.101 52:54:00:4c:42:01 pxelinux.0", "52:54:00:4c:42:01 (web1) is told to boot pxelinux.0"],
  [
    "Nov 27 10:20:02 dnsmasq-tftp[77]: sent /tmp/lifeboat-1-a-b-c-XYZabc/root/web1-20260101T000000Z/lifeboat/vmlinuz to 10.77.0.51",
    "10.77.0.51 has fetched web1-20260101T000000Z/lifeboat/vmlinuz by TFTP",
  ],
];

test("readDnsmasqLine() tells who got an address and who fetched what", () => {
  for (const [line, text] of LINES) assert.equal(readDnsmasqLine(line, nameOf), text);
});

test("dnsmasqProblem() finds why it ended", () => {
  const lines = ["dnsmasq: started, version 2.90 DNS disabled", "dnsmasq: failed to bind DHCP server socket: Address already in use", ""];
  assert.equal(dnsmasqProblem(lines), "failed to bind DHCP server socket: Address already in use");
});
