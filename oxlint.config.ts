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
  "builder/image-plan.ts",
  "builder/secret-*.ts",
  "builder/check-kernel-config.ts",
  "bootloaders/menu-*.ts",
  "bootloaders/xorriso-args.ts",
  "initrd-agent/boot-words.ts",
  "machine/boot-sector.ts",
  "machine/disk-identity.ts",
  "machine/layout*.ts",
  "machine/model.ts",
  "machine/parse-*.ts",
  "machine/distributions.ts",
  "machine/mountlist.ts",
  "machine/nearest-name.ts",
  "machine/superblock.ts",
  "qemu/ansi.ts",
  "qemu/argument.ts",
  "qemu/argv*.ts",
  "qemu/check-machine.ts",
  "qemu/keys.ts",
  "qemu/machine-spec.ts",
  "qemu/vga-text.ts",
  "restore/restorable.ts",
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
  group: ["node:*", "fs", "path", "child_process", "crypto"],
  message: "This room reaches the system only through #os",
};
const NO_OS: Ban = { group: ["#os/*", "!#os/error"], message: "This file is pure: data in, data out" };
const NO_PROCESS: Ban = { group: ["node:child_process", "execa"], message: "os/exec.ts is the only file that starts a process" };
const NO_FFI: Ban = { group: ["node:ffi"], message: "Nothing here calls libc: programs of the system do" };
const NO_COMMANDER: Ban = { group: ["commander", "@commander-js/*"], message: "Option parsing belongs in cli/" };
const NO_RELATIVE_OS: Ban = { group: ["**/os/**"], message: "Import the system as #os/NAME, so that a second engine can take its place" };

const PURE_GLOBALS = ["process", "Buffer", "console", "setTimeout", "setInterval", "setImmediate", "fetch", "performance", "crypto"];
const PURE_PROPERTIES = [
  { object: "Date", property: "now", message: "The clock is a parameter" },
  { object: "Math", property: "random", message: "Randomness is a parameter" },
];

function roomsAbove(room: string): Ban[] {
  const above = ROOMS.slice(0, ROOMS.indexOf(room as (typeof ROOMS)[number]));
  return above.map((name) => ({
    group: [`**/${name}/**`],
    message: `${room}/ may not import from ${name}/, which stands above it`,
  }));
}

function imports(...bans: Ban[]): Rules {
  return { "no-restricted-imports": ["error", { patterns: bans }] };
}

const PURE_RULES: Rules = {
  "no-restricted-globals": ["error", ...PURE_GLOBALS],
  "no-restricted-properties": ["error", ...PURE_PROPERTIES],
};

function roomBans(room: string): Ban[] {
  const bans = [...roomsAbove(room), NO_FFI];
  if (room !== "cli") bans.push(NO_COMMANDER);
  if (room !== "os") bans.push(NO_PROCESS, NO_RELATIVE_OS);
  if (AGENT_ROOMS.includes(room)) bans.push(NO_NODE);
  if (PURE_ROOMS.includes(room)) bans.push(NO_OS);
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
    "max-params": ["error", 4],
    "max-lines": ["error", { max: 400, skipBlankLines: true, skipComments: true }],
    "max-lines-per-function": ["error", { max: 60, skipBlankLines: true, skipComments: true }],
  },
  overrides: [
    ...roomOverrides,
    ...pureFileOverrides,
    { files: ["os/exec.ts"], rules: imports(...roomsAbove("os"), NO_FFI, NO_COMMANDER) },
    {
      files: ["**/*.test.ts", "test/**/*.ts"],
      rules: {
        ...imports(NO_PROCESS, NO_FFI, NO_RELATIVE_OS),
        "no-restricted-globals": "off",
        "no-restricted-properties": "off",
        "max-lines-per-function": "off",
        "typescript/no-floating-promises": "off",
      },
    },
    { files: ["oxlint.config.ts"], rules: { "import/no-default-export": "off" } },
  ],
});
