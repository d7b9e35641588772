// What counts as a secret in an image, as data: by path, and by what a small text file says.

export interface PathRule {
  readonly rule: string;
  /** Against the path relative to the root. */
  readonly path: RegExp;
  /** When given, the content decides too; the text is Latin-1. An empty file is never a finding. */
  readonly content?: RegExp;
  readonly advice: string;
}

export interface TextRule {
  readonly rule: string;
  /** Only these paths; any when not given. */
  readonly path?: RegExp;
  /** One line at a time. */
  readonly line: RegExp;
  readonly advice: string;
}

const LEAVE_OUT = "Leave this file out of the image";
const ASK = "Leave the value out; the rescue system asks for it when it is needed";
const TOKEN = "Take the token out, and have it replaced when others have seen it";
/** A value that is one: no placeholder, no variable, no path, not empty. */
const VALUE = String.raw`["']?(?!["'\s#;]|$|[$<%{/*!]|(?:none|null|nil|true|false|yes|no|ask|prompt|x+)["']?\s*,?\s*$)[^\s"']{4,}`;

export const PATH_RULES: readonly PathRule[] = [
  { rule: "ssh-host-key", path: /(?:^|\/)ssh_host_[^/]*key$/, advice: "Leave host keys out; the rescue system makes its own" },
  { rule: "ssh-private-key", path: /\/\.ssh\/(?:id_|identity)[^/]*(?<!\.pub)$/, advice: LEAVE_OUT },
  { rule: "kerberos-keytab", path: /(?:\.keytab|(?:^|\/)krb5cc_[^/]*)$/, advice: LEAVE_OUT },
  { rule: "tls-private-key", path: /^etc\/(?:ssl\/private|pki\/tls\/private)\/[^/]+$/, advice: LEAVE_OUT },
  { rule: "key-store", path: /\.(?:p12|pfx|jks|kdbx?|keystore|ppk)$/, advice: LEAVE_OUT },
  {
    rule: "luks-key-file",
    path: /(?:^etc\/cryptsetup-keys\.d\/|^etc\/luks\/|\.keyfile$|(?:^|\/)(?:crypto_)?keyfile(?:\.bin)?$|\.luks\.?key$)/,
    advice: "Leave key files out; the restore asks for the passphrase",
  },
  {
    rule: "credentials-file",
    path: /(?:^|\/)(?:\.pgpass|\.git-credentials|\.smbcredentials|\.aws\/credentials|\.vault-token)$/,
    advice: LEAVE_OUT,
  },
  { rule: "credentials-file", path: /(?:^|\/)\.?netrc$/, content: /\bpassword\s+\S/, advice: LEAVE_OUT },
  {
    rule: "credentials-file",
    path: /(?:^|\/)\.docker\/config\.json$/,
    content: /"(?:auth|identitytoken)"\s*:\s*"[^"]+"/,
    advice: LEAVE_OUT,
  },
  { rule: "key-ring", path: /(?:^|\/)\.gnupg\/(?:private-keys-v1\.d\/|secring)|(?:^|\/)\.password-store\//, advice: LEAVE_OUT },
  { rule: "shell-history", path: /(?:^|\/)\.[a-z_]*history$/, advice: LEAVE_OUT },
  { rule: "old-passwords", path: /^etc\/security\/opasswd$/, advice: LEAVE_OUT },
  {
    rule: "service-secret",
    path: /^var\/lib\/samba\/private\/|^var\/lib\/systemd\/credential\.secret$|^etc\/credstore(?:\.encrypted)?\//,
    advice: LEAVE_OUT,
  },
  { rule: "ppp-password", path: /^etc\/ppp\/(?:chap|pap|srp)-secrets$/, content: /^[^#\s]\S*\s+\S+\s+\S/m, advice: ASK },
  {
    rule: "machine-id",
    path: /^(?:etc|var\/lib\/dbus)\/machine-id$/,
    content: /^[0-9a-f]{32}/,
    advice: "Leave it out: it names one machine, and a rescue system is another",
  },
  {
    rule: "random-seed",
    path: /^var\/lib\/(?:systemd\/random-seed|urandom\/random-seed|misc\/random-seed)$/,
    advice: "Leave it out: two systems must not start from the same seed",
  },
  {
    rule: "iscsi-password",
    path: /^(?:etc|var\/lib)\/iscsi\//,
    content: /^\s*(?:node|discovery)\.\S*auth\.password(?:_in)?\s*=\s*\S/m,
    advice: ASK,
  },
];

export const TEXT_RULES: readonly TextRule[] = [
  {
    rule: "password-hash",
    path: /^etc\/g?shadow-?$/,
    line: /^[^:]+:[^:!*][^:]{2,}:/,
    advice: "Leave it out, or write ! in place of each hash",
  },
  { rule: "password-hash", path: /^etc\/(?:passwd|group)-?$/, line: /^[^:]+:[^:!*x][^:]{2,}:/, advice: "Write x in place of each hash" },
  { rule: "password-hash", line: /\$(?:1|2[abxy]?|5|6|7|y|gy|sha1|argon2(?:id|i|d))\$[\w./$=,+-]{22,}/, advice: "Take the hash out" },
  {
    rule: "boot-loader-password",
    line: /grub\.pbkdf2\.sha512\.\d+\.[0-9A-F]{16,}/i,
    advice: "Take the password out of the boot loader's configuration",
  },
  {
    rule: "boot-loader-password",
    path: /(?:^|\/)(?:grub\.cfg|user\.cfg|menu\.lst|grub\.conf|40_custom)$/,
    line: /^\s*password(?:_pbkdf2)?\s+(?!--md5\s*$)\S+\s+\S/,
    advice: "Take the password out of the boot loader's configuration",
  },
  { rule: "putty-private-key", line: /^PuTTY-User-Key-File-\d/, advice: LEAVE_OUT },
  { rule: "age-private-key", line: /AGE-SECRET-KEY-1[0-9A-Z]{20,}/, advice: LEAVE_OUT },
  {
    rule: "network-password",
    path: /^etc\/NetworkManager\/system-connections\/|\.nmconnection$/,
    line: new RegExp(String.raw`^\s*(?:psk|password|wep-key\d|leap-password|private-key-password|secret|pin)\s*=\s*\S`),
    advice: ASK,
  },
  {
    rule: "network-password",
    path: /wpa_supplicant[^/]*\.conf$|^etc\/network\/interfaces/,
    line: /^\s*(?:wpa-)?(?:psk|password|passwd|sae_password|wep_key\d|wireless-key)\s*[=\s]\s*\S/,
    advice: ASK,
  },
  { rule: "network-password", path: /^var\/lib\/iwd\//, line: /^\s*(?:Passphrase|PreSharedKey|EAP-\S*Password)\s*=\s*\S/, advice: ASK },
  {
    rule: "wireguard-key",
    path: /^etc\/(?:wireguard|systemd\/network)\/|\.nmconnection$/,
    line: /^\s*(?:private-?key|preshared-?key)\s*=\s*[A-Za-z0-9+/]{40,}=/i,
    advice: ASK,
  },
  { rule: "api-token", line: /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/, advice: TOKEN },
  {
    rule: "api-token",
    line: /\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{40,}|glpat-[\w-]{20,}|npm_[A-Za-z0-9]{36}|xox[abprs]-[\w-]{20,}|sk_live_\w{20,}|hvs\.[\w-]{24,})/,
    advice: TOKEN,
  },
  { rule: "api-token", line: /\bAIza[\w-]{35}\b|\bAccountKey=[A-Za-z0-9+/]{40,}=*/, advice: TOKEN },
  { rule: "api-token", line: /_authToken\s*=\s*[^\s$]/, advice: TOKEN },
  {
    rule: "api-token",
    path: /(?:^|\/)(?:\.kube\/config|kubeconfig)$|\.kubeconfig$/,
    line: /^\s*(?:token|client-key-data|password)\s*:\s*\S/,
    advice: TOKEN,
  },
  { rule: "url-password", line: /\b[a-z][a-z0-9+.-]{1,15}:\/\/[^\s:/@"'<>$]+:[^\s:/@"'<>$]{3,}@[\w.-]+/i, advice: ASK },
  {
    rule: "mount-password",
    path: /^etc\/(?:fstab|auto\.[^/]*)$/,
    line: /[\s,]pass(?:word|wd)?=[^\s,]/,
    advice: "Name a credentials file instead, and leave that out",
  },
  {
    rule: "config-password",
    path: /^(?:etc|root|home|srv|opt|usr\/local\/etc)\/|\.(?:conf|cnf|cfg|ini|toml|ya?ml|json|env|properties)$/,
    line: new RegExp(
      String.raw`^[^#;]{0,60}?(?:^|[\s"'._{,-])(?:password|passphrase|passwd(?=\s*=)|secret[_-]?(?:access[_-]?)?key|client[_-]?secret|access[_-]?token|auth[_-]?token|api[_-]?key|bind[_-]?pw|[A-Z]+_(?:PASSWORD|PASSPHRASE|TOKEN|SECRET(?:_ACCESS)?_KEY))["']?\s*[=:]\s*${VALUE}`,
      "i",
    ),
    advice: ASK,
  },
];

/** Private keys that everybody has: compiled into programs for their own tests. Each with its reason. */
export const PUBLIC_KEYS: readonly { readonly path: RegExp; readonly why: string }[] = [
  {
    path: /(?:^|\/)libgnutls[^/]*\.(?:so[^/]*|a)$/,
    why: "GnuTLS checks itself with keys that stand in its source (lib/crypto-selftests-pk.c)",
  },
];
