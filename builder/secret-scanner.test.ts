// The secret scanner: a table of files that are secrets and of files that only look like it.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import * as fc from "fast-check";
import { run } from "#os/exec";
import { PATH_RULES, TEXT_RULES } from "./secret-rules.ts";
import { scanFile } from "./secret-scanner.ts";

const scratch = mkdtempSync(join(tmpdir(), "lifeboat-secret-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

// Put together here, so that no scanner of repositories takes this file for a leak.
const PEM = (kind: string) => `-----BEGIN ${kind}PRIVATE KEY-----`;
const BODY = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7\nVJTUt9Us8cKj";
const HASH = ["$6$", "saltsalt$", "a".repeat(86)].join("");
const join2 = (...parts: string[]) => parts.join("");

function bytesOf(content: string | Uint8Array): Uint8Array {
  return typeof content === "string" ? new TextEncoder().encode(content) : content;
}

function rulesOf(path: string, content: string | Uint8Array): string[] {
  return scanFile({ path, bytes: bytesOf(content) }).map((finding) => finding.rule);
}

/** Path, content, rule. */
const SECRETS: readonly (readonly [string, string | Uint8Array, string])[] = [
  ["etc/ssh/ssh_host_ed25519_key", "x", "ssh-host-key"],
  ["root/.ssh/id_ed25519", "x", "ssh-private-key"],
  ["home/ann/.ssh/identity", "x", "ssh-private-key"],
  ["usr/share/a.txt", `${PEM("")}\n${BODY}`, "private-key"],
  ["usr/share/a.txt", `${PEM("RSA ")}\r\nProc-Type: 4,ENCRYPTED\r\nDEK-Info: AES-128-CBC,00\r\n\r\n${BODY}`, "private-key"],
  ["usr/share/a.txt", `${PEM("OPENSSH ")}\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW`, "private-key"],
  [
    "usr/share/a.asc",
    join2("-----BEGIN PGP PRIVATE KEY", " BLOCK-----\nVersion: 1\n\nlQOYBF0aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
    "private-key",
  ],
  ["opt/service.json", `{"private_key": "${PEM("")}\\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC"}`, "private-key"],
  ["usr/bin/program", new Uint8Array(Buffer.concat([new Uint8Array(70_003), Buffer.from(`-${PEM("EC ")}\n${BODY}`)])), "private-key"],
  ["usr/share/key", "PuTTY-User-Key-File-3: ssh-ed25519\n", "putty-private-key"],
  ["usr/share/age.txt", join2("# key\nAGE-SECRET-", "KEY-1QQPQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ\n"), "age-private-key"],
  ["etc/krb5.keytab", "x", "kerberos-keytab"],
  ["var/lib/blob", Uint8Array.of(5, 2, 0, 0, 0, 30, 0, 1, 0, 4, ...new Uint8Array(40).fill(65)), "kerberos-keytab"],
  ["tmp/krb5cc_0", "x", "kerberos-keytab"],
  ["etc/ssl/private/server.key", "x", "tls-private-key"],
  ["etc/pki/tls/private/localhost.key", "x", "tls-private-key"],
  ["opt/cert.p12", "x", "key-store"],
  ["etc/cryptsetup-keys.d/root.key", "x", "luks-key-file"],
  ["boot/crypto_keyfile.bin", "x", "luks-key-file"],
  ["etc/shadow", `daemon:*:19000::::::\nroot:${HASH}:19000:0:99999:7:::\n`, "password-hash"],
  ["etc/shadow-", "root:abJnggxhB/yWI:19000::::::\n", "password-hash"],
  ["etc/passwd", "root:abJnggxhB/yWI:0:0:root:/root:/bin/sh\n", "password-hash"],
  ["usr/share/kickstart", `rootpw --iscrypted ${HASH}\n`, "password-hash"],
  ["boot/grub/user.cfg", `GRUB2_PASSWORD=grub.pbkdf2.sha512.10000.${"AB12".repeat(16)}.${"CD".repeat(16)}\n`, "boot-loader-password"],
  ["boot/grub/grub.cfg", "password root sesame\n", "boot-loader-password"],
  ["etc/NetworkManager/system-connections/home.nmconnection", "[wifi-security]\npsk=correct horse\n", "network-password"],
  ["etc/wpa_supplicant/wpa_supplicant.conf", 'network={\n\tssid="x"\n\tpsk="secret"\n}\n', "network-password"],
  ["etc/network/interfaces.d/wlan0", "iface wlan0 inet dhcp\n  wpa-psk sesame1234\n", "network-password"],
  ["var/lib/iwd/home.psk", "[Security]\nPassphrase=sesame1234\n", "network-password"],
  ["etc/ppp/chap-secrets", "# client server secret\nann * sesame\n", "ppp-password"],
  ["etc/wireguard/wg0.conf", join2("[Interface]\nPrivateKey = yAnz5TF+lXXJte14tji3", "zlMNq+hd2rYUIgJBgB3fBmk=\n"), "wireguard-key"],
  ["etc/iscsi/iscsid.conf", "node.session.auth.password = sesame\n", "iscsi-password"],
  ["root/.netrc", "machine host login ann password sesame\n", "credentials-file"],
  ["root/.pgpass", "*:*:*:ann:sesame\n", "credentials-file"],
  ["root/.docker/config.json", '{"auths": {"host": {"auth": "YW5uOnNlc2FtZQ=="}}}', "credentials-file"],
  ["root/.my.cnf", "[client]\nuser=root\npassword=sesame\n", "config-password"],
  ["etc/bareos/bareos-fd.conf", 'Director {\n  Password = "sesame-open"\n}\n', "config-password"],
  ["opt/app/config.yaml", "db:\n  host: x\n  password: sesame-open\n", "config-password"],
  ["etc/backup.env", "export BORG_PASSPHRASE='sesame open'\n", "config-password"],
  ["root/.aws/config", "aws_secret_access_key = wJalrXUtnFEMI0K7MDENG\n", "config-password"],
  ["etc/app.json", '{"client_secret": "abcdef123456"}', "config-password"],
  ["usr/share/x", join2("key AKIA", "IOSFODNN7EXAMPLE\n"), "api-token"],
  ["usr/share/x", join2("ghp", "_", "a".repeat(36)), "api-token"],
  ["root/.npmrc", "//host/:_authToken=abcdef\n", "api-token"],
  ["root/.kube/config", "users:\n- user:\n    client-key-data: LS0tLS1\n", "api-token"],
  ["etc/fetch.conf", "url = https://ann:sesame@example.org/x\n", "url-password"],
  ["etc/fstab", "//host/share /mnt cifs user=ann,password=sesame 0 0\n", "mount-password"],
  ["root/.bash_history", "ls\n", "shell-history"],
  ["root/.gnupg/private-keys-v1.d/AB.key", "x", "key-ring"],
  ["etc/security/opasswd", "x", "old-passwords"],
  ["var/lib/samba/private/secrets.tdb", "x", "service-secret"],
  ["etc/machine-id", `${"0123456789abcdef".repeat(2)}\n`, "machine-id"],
  ["var/lib/systemd/random-seed", "x", "random-seed"],
];

const HARMLESS: readonly (readonly [string, string | Uint8Array])[] = [
  ["etc/ssh/ssh_host_ed25519_key.pub", "ssh-ed25519 AAAA host\n"],
  ["root/.ssh/id_ed25519.pub", "ssh-ed25519 AAAA ann\n"],
  ["root/.ssh/authorized_keys", "ssh-ed25519 AAAA ann\n"],
  ["usr/lib/libcrypto.so.3", `\0${PEM("RSA ")}\0-----END RSA PRIVATE KEY-----\0%s\0`],
  ["usr/bin/ssh", `\0${PEM("OPENSSH ")}\n\0`],
  ["usr/share/doc", `write ${PEM("")} and then the key, in lines\n`],
  ["usr/lib/libgnutls.so.30", `${PEM("")}\n${BODY}`],
  ["etc/ssl/certs/ca.pem", `-----BEGIN CERTIFICATE-----\n${BODY}`],
  ["usr/share/pub.pem", `-----BEGIN PUBLIC KEY-----\n${BODY}`],
  ["etc/shadow", "root:*:19000:0:99999:7:::\nann:!:19000::::::\nbob:!!:1::::::\ncarl::1::::::\n"],
  ["etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:*:65534:65534::/:/sbin/nologin\n"],
  ["etc/group", "root:x:0:\nwheel:*:10:ann\n"],
  ["etc/nsswitch.conf", "passwd:         files systemd\nshadow: files\n"],
  ["etc/machine-id", "uninitialized\n"],
  ["etc/machine-id", ""],
  ["etc/ppp/chap-secrets", "# Secrets for authentication using CHAP\n# client\tserver\tsecret\n"],
  ["etc/iscsi/iscsid.conf", "#node.session.auth.password = password\nnode.startup = manual\n"],
  ["etc/NetworkManager/system-connections/wired", "[connection]\nid=wired\n[wifi-security]\npsk-flags=1\n"],
  [
    "etc/app.conf",
    "# password = sesame\n; password = sesame\npassword =\npassword = ${PASSWORD}\npassword = /etc/app/password\npassword = none\npassword = true\n",
  ],
  ["etc/app.conf", "password_file = /run/x\npassword_hash_rounds = 5000\nask_for_password yes\n"],
  ["etc/lvm/lvm.conf", "\t# Configuration option global/password.\n\tuse_lvmpolld = 1\n"],
  ["etc/login.defs", "PASS_MAX_DAYS\t99999\nENCRYPT_METHOD YESCRYPT\n"],
  ["etc/fstab", "//host/share /mnt cifs credentials=/root/.creds 0 0\n"],
  ["etc/services", "http 80/tcp # http://user@host\n"],
  ["boot/grub/grub.cfg", "set superusers=ann\nmenuentry 'password reset' {\n}\n"],
  ["usr/lib/modules/x.ko", new Uint8Array(4096).fill(0x2d)],
  ["var/lib/blob", Uint8Array.of(5, 2, 0xff, 0xff, ...new Uint8Array(40))],
];

describe("secrets are found:", () => {
  for (const [path, content, rule] of SECRETS) {
    test(`${rule} in ${path}`, () => assert.ok(rulesOf(path, content).includes(rule), `found: ${rulesOf(path, content).join()}`));
  }

  test("by every rule of the table", () => {
    const tried = new Set(SECRETS.map(([, , rule]) => rule));
    const all = new Set([...PATH_RULES, ...TEXT_RULES].map(({ rule }) => rule));
    assert.deepEqual(
      [...all].filter((rule) => !tried.has(rule)),
      [],
    );
  });
});

describe("what only looks like a secret is left alone:", () => {
  for (const [path, content] of HARMLESS) {
    test(`${path}: ${JSON.stringify(String(content).slice(0, 40))}`, () => assert.deepEqual(rulesOf(path, content), []));
  }

  test("programs and libraries of this machine", () => {
    const directories = ["/usr/bin", "/usr/sbin", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu"];
    const paths = directories.flatMap((directory) => list(directory));
    const chosen = paths.filter(
      (path, index) => index % 9 === 0 || /\/(?:ssh[^/]*|openssl|lib(?:crypto|ssl|gnutls|nss|gcrypt)[^/]*)$/.test(path),
    );
    const files = chosen
      .filter((path) => statSync(path).size < 8 << 20)
      .map((path) => ({ path: path.slice(1), bytes: new Uint8Array(readFileSync(path)) }));
    assert.deepEqual(files.flatMap(scanFile), []);
  });
});

function list(directory: string): string[] {
  try {
    return readdirSync(directory)
      .map((name) => join(directory, name))
      .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true);
  } catch {
    return [];
  }
}

test("keys that ssh-keygen and openssl make are found under any name", async (context) => {
  const directory = mkdtempSync(join(scratch, "t-"));
  const makers = [
    ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", join(directory, "ed25519")],
    ["ssh-keygen", "-q", "-t", "rsa", "-b", "1024", "-m", "PEM", "-N", "sesame", "-f", join(directory, "pem")],
    ["openssl", "genpkey", "-algorithm", "ed25519", "-out", join(directory, "short")],
  ] as const;
  for (const maker of makers) {
    try {
      await run(maker);
    } catch (error) {
      context.skip(`${maker[0]} does not work here: ${String(error)}`);
      return;
    }
  }
  for (const name of ["ed25519", "pem", "short"])
    assert.deepEqual(rulesOf("opt/x", readFileSync(join(directory, name))), ["private-key"], name);
});

test("a finding says path, rule, line and advice, and never the secret", () => {
  const findings = scanFile({ path: "etc/app.conf", bytes: bytesOf("user = ann\npassword = open-sesame\npassword = open-sesame\n") });
  const advice = "Leave the value out; the rescue system asks for it when it is needed";
  assert.deepEqual(findings, [{ path: "etc/app.conf", rule: "config-password", line: 2, advice }]);
});

test("a private key is found wherever it starts, after any number of dashes", () => {
  fc.assert(
    fc.property(fc.nat(40), fc.nat(12), fc.constantFrom(0, 0x2d, 0x41), (before, dashes, filler) => {
      const text = Buffer.concat([
        new Uint8Array(before).fill(filler),
        Buffer.from("\n".padEnd(1 + dashes, "-")),
        Buffer.from(`${PEM("")}\n${BODY}`),
      ]);
      assert.deepEqual(rulesOf("x", text), ["private-key"]);
    }),
  );
});

test("thirty megabytes take little processor time, rules of dashes included", () => {
  const noise = new Uint8Array(15 << 20);
  for (let index = 0; index < noise.length; index += 1) noise[index] = (index * 2654435761) >>> 24;
  const dashes = new Uint8Array(15 << 20).fill(0x2d);
  const before = process.cpuUsage();
  assert.deepEqual(scanFile({ path: "noise", bytes: noise }), []);
  assert.deepEqual(scanFile({ path: "dashes", bytes: dashes }), []);
  const used = process.cpuUsage(before);
  assert.ok(used.user + used.system < 3_000_000, `${used.user + used.system} µs`);
});
