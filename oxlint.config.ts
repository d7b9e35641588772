// The house rules as the linter knows them: who may import whom, what is pure, who touches the system.
import { defineConfig, type OxlintOverride } from "oxlint";

type Rules = NonNullable<OxlintOverride["rules"]>;

/** The rooms, top to bottom: a room imports only from rooms further down (DESIGN section 2). */
const ROOMS = [
  "cli",
  "initrd-agent",
  "ui",
  "qemu",
  "archive",
  "restore",
  "builder",
  "boot-server",
  "media",
  "bootloaders",
  "set",
  "machine",
  "kernel-modules",
  "formats",
  "os",
] as const;

/** Rooms that are data in, data out: no Node module, no `#os`, no clock, no randomness. */
const PURE_ROOMS: readonly string[] = ["kernel-modules", "formats"];

/** Files that are pure inside rooms that are not. */
const PURE_FILES = [
  "boot-server/dnsmasq-*.ts",
  "boot-server/menus.ts",
  "boot-server/subnet.ts",
  "builder/agent-path.ts",
  "builder/check-essential-modules.ts",
  "builder/check-kernel-config.ts",
  "builder/concatenate.ts",
  "builder/explain-*.ts",
  "builder/image-path.ts",
  "builder/image-plan.ts",
  "builder/in-blocks.ts",
  "builder/inspect-modules.ts",
  "builder/known-dlopens.ts",
  "builder/machine-entries.ts",
  "builder/programs.ts",
  "builder/secret-*.ts",
  "builder/shebang.ts",
  "builder/size-report.ts",
  "bootloaders/menu-*.ts",
  "bootloaders/xorriso-args.ts",
  "initrd-agent/boot-words.ts",
  "initrd-agent/disk-links.ts",
  "initrd-agent/ipconf.ts",
  "initrd-agent/network-names.ts",
  "initrd-agent/requested-media.ts",
  "initrd-agent/stage-names.ts",
  "initrd-agent/word-table.ts",
  "machine/array-names.ts",
  "machine/boot-sector.ts",
  "machine/device-image.ts",
  "machine/disk-identity.ts",
  "machine/layout*.ts",
  "machine/file-system-parameters.ts",
  "machine/model.ts",
  "machine/parse-*.ts",
  "machine/distributions.ts",
  "machine/mountlist.ts",
  "machine/multipath.ts",
  "machine/lvm-names.ts",
  "machine/nearest-name.ts",
  "machine/stack.ts",
  "machine/stack-lvm.ts",
  "machine/stacked-device.ts",
  "machine/superblock.ts",
  "machine/wanted-drivers.ts",
  "media/credential.ts",
  "media/medium-url.ts",
  "media/tape-url.ts",
  "qemu/ansi.ts",
  "qemu/argument.ts",
  "qemu/argv*.ts",
  "qemu/check-machine.ts",
  "qemu/keys.ts",
  "qemu/machine-spec.ts",
  "qemu/vga-text.ts",
  "restore/array-levels.ts",
  "restore/crypttab.ts",
  "restore/describe-*.ts",
  "restore/disk-locks.ts",
  "restore/esp.ts",
  "restore/fit/*.ts",
  "restore/foreign-data.ts",
  "restore/gone-words.ts",
  "restore/grub-arrays.ts",
  "restore/image-commands.ts",
  "restore/join-paths.ts",
  "restore/layout-warnings.ts",
  "restore/lost-paths.ts",
  "restore/match-disks.ts",
  "restore/mdadm-conf.ts",
  "restore/mkfs-command.ts",
  "restore/needed-*.ts",
  "restore/partition-script.ts",
  "restore/partition-types.ts",
  "restore/plan*.ts",
  "restore/present-disk.ts",
  "restore/restorable.ts",
  "restore/reuse.ts",
  "restore/room.ts",
  "restore/serial-word.ts",
  "restore/stack-commands.ts",
  "restore/stacked-reason.ts",
  "restore/subvolumes.ts",
  "restore/target-disk.ts",
  "restore/unmade.ts",
  "restore/volume-ids.ts",
  "restore/way-to-look.ts",
  "set/catalogue.ts",
  "set/device-image-files.ts",
  "set/frame-list.ts",
  "set/image-manifest.ts",
  "set/inode-flags.ts",
  "set/tape-format.ts",
  "ui/*.ts",
];

/** What the agent is made of: these reach the system through `#os` alone. */
const AGENT_ROOMS: readonly string[] = [
  "initrd-agent",
  "ui",
  "restore",
  "media",
  "bootloaders",
  "set",
  "machine",
  "kernel-modules",
  "formats",
];

interface Ban {
  readonly group: string[];
  readonly message: string;
}

const NO_NODE: Ban = {
  group: ["node:*", "fs", "fs/*", "os", "path", "child_process", "crypto"],
  message: "This room reaches the system only through #os",
};
const NO_OS: Ban = { group: ["#os/*", "!#os/error"], message: "This file is pure: data in, data out" };
const PACKAGE: Ban = { group: ["#os/*"], message: "kmod-parse is a package of its own" };
const NO_PROCESS: Ban = {
  group: ["node:child_process", "child_process", "execa"],
  message: "os/exec.ts is the only file that starts a process",
};
const NO_FFI: Ban = { group: ["node:ffi", "ffi"], message: "Nothing here calls libc: programs of the system do" };
const NO_COMMANDER: Ban = { group: ["commander", "@commander-js/*"], message: "Option parsing belongs in cli/" };
const NO_RELATIVE_OS: Ban = { group: ["**/os/**"], message: "Import the system as #os/NAME, so that a second engine can take its place" };

/** The last two are ways around all of the others. */
const PURE_GLOBALS = [
  "process",
  "Buffer",
  "console",
  "setTimeout",
  "setInterval",
  "setImmediate",
  "fetch",
  "performance",
  "crypto",
  "globalThis",
  "global",
];
/** `new Date()` asks the clock and `new Date(value)` does not, which a rule on names cannot tell apart: few files may have either. */
const CLOCK = { name: "Date", message: "The clock is a parameter; a file that only writes dates down belongs into WRITES_DATES" };
const WRITES_DATES = ["ui/set-text.ts"];
const PURE_PROPERTIES = [
  { object: "Date", property: "now", message: "The clock is a parameter" },
  { object: "Math", property: "random", message: "Randomness is a parameter" },
];

/** Rooms that have a package's name as well. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = { "kernel-modules": ["kmod-parse", "kmod-parse/*"] };

function roomsAbove(room: string): Ban[] {
  const above = ROOMS.slice(0, ROOMS.indexOf(room as (typeof ROOMS)[number]));
  return above.map((name) => ({
    group: [`**/${name}/**`, ...(PACKAGES[name] ?? [])],
    message: `${room}/ may not import from ${name}/, which stands above it`,
  }));
}

function imports(...bans: Ban[]): Rules {
  return { "no-restricted-imports": ["error", { patterns: bans }] };
}

const PURE_RULES: Rules = {
  "no-restricted-globals": ["error", ...PURE_GLOBALS, CLOCK],
  "no-restricted-properties": ["error", ...PURE_PROPERTIES],
};

function roomBans(room: string): Ban[] {
  const bans = [...roomsAbove(room), NO_FFI];
  if (room !== "cli") bans.push(NO_COMMANDER);
  if (room !== "os") bans.push(NO_PROCESS, NO_RELATIVE_OS);
  if (AGENT_ROOMS.includes(room)) bans.push(NO_NODE);
  if (PURE_ROOMS.includes(room)) bans.push(room === "kernel-modules" ? PACKAGE : NO_OS);
  return bans;
}

const roomOverrides = ROOMS.map((room): OxlintOverride => ({
  files: [`${room}/**/*.ts`],
  rules: { ...imports(...roomBans(room)), ...(PURE_ROOMS.includes(room) ? PURE_RULES : {}) },
}));

const pureFileOverrides = PURE_FILES.map((file): OxlintOverride => {
  const room = file.slice(0, file.indexOf("/"));
  return { files: [file], rules: { ...imports(...roomBans(room), NO_NODE, NO_OS), ...PURE_RULES } };
});

export default defineConfig({
  plugins: ["typescript", "unicorn", "oxc", "import", "promise", "node"],
  categories: { correctness: "error", suspicious: "error", perf: "error" },
  ignorePatterns: ["node_modules", "out", ".cache"],
  rules: {
    "no-await-in-loop": "off",
    "no-shadow": "off",
    "unicorn/no-array-sort": "off",
    "unicorn/no-array-reverse": "off",
    "unicorn/consistent-function-scoping": "off",
    "unicorn/prefer-set-has": "off",
    "import/no-unassigned-import": "off",
    // Plain values are copied, not changed; a table of a hundred entries costs nothing.
    "oxc/no-map-spread": "off",
    "promise/always-return": "off",
    "import/no-default-export": "error",
    "import/no-cycle": "error",
    "typescript/no-explicit-any": "error",
    "typescript/no-unsafe-type-assertion": "off",
    "typescript/consistent-type-imports": "error",
    "typescript/no-floating-promises": "error",
    "typescript/switch-exhaustiveness-check": "error",
    // An exhaustive switch returns in every branch; the compiler checks it.
    "typescript/consistent-return": "off",
    // What we pass about are closures, not methods with a `this`.
    "typescript/unbound-method": "off",
    eqeqeq: "error",
    "max-depth": ["error", 4],
    "max-params": ["error", 3],
    "max-lines": ["error", { max: 400, skipBlankLines: true, skipComments: true }],
    "max-lines-per-function": ["error", { max: 40, skipBlankLines: true, skipComments: true }],
  },
  overrides: [
    ...roomOverrides,
    ...pureFileOverrides,
    { files: WRITES_DATES, rules: { "no-restricted-globals": ["error", ...PURE_GLOBALS] } },
    {
      // STYLE says 40 and 3 here too; what is longer is to be parted when it is next worked on.
      files: ["initrd-agent", "machine", "formats", "os"].map((room) => `${room}/**/*.ts`),
      rules: {
        "max-params": ["error", 4],
        "max-lines-per-function": ["error", { max: 60, skipBlankLines: true, skipComments: true }],
      },
    },
    { files: ["os/exec.ts"], rules: imports(...roomsAbove("os"), NO_FFI, NO_COMMANDER) },
    {
      files: ["**/*.test.ts", "test/**/*.ts"],
      rules: {
        ...imports(NO_PROCESS, NO_FFI, NO_RELATIVE_OS),
        "no-restricted-globals": "off",
        "no-restricted-properties": "off",
        "max-lines-per-function": "off",
        "max-params": ["error", 4],
        "typescript/no-floating-promises": "off",
      },
    },
    { files: ["oxlint.config.ts"], rules: { "import/no-default-export": "off" } },
  ],
});
