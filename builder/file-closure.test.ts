// The file closure against ldd on this machine's programs, and each rule of the loader on trees made by hand.
import assert from "node:assert/strict";
import { chmodSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { run } from "#os/exec";
import type { ElfRecipe } from "../formats/elf-for-tests.ts";
import { readElf, isElf } from "../formats/elf.ts";
import { BASE, LOADER, makeRoot, want, type Content } from "./closure-for-tests.ts";
import { fileClosure, type ClosureOptions } from "./file-closure.ts";
import { KNOWN_DLOPENS, type KnownDlopen } from "./known-dlopens.ts";

async function closureOf(files: Readonly<Record<string, Content>>, names: readonly string[], options: Partial<ClosureOptions> = {}) {
  return fileClosure(
    names.map((name) => want(name)),
    { root: makeRoot({ ...BASE, ...files }), dlopens: [], ...options },
  );
}

async function pathsOf(files: Readonly<Record<string, Content>>, names: readonly string[], options: Partial<ClosureOptions> = {}) {
  return (await closureOf(files, names, options)).entries.map((entry) => entry.path);
}

const BASE_PATHS = ["lib64", "usr/lib/libc.so.6", "usr/lib64/ld-linux-x86-64.so.2"];

describe("the oracle", () => {
  test("ldd names the same libraries for sixty programs of this machine", async (context) => {
    const programs = ["/usr/sbin", "/usr/bin"].flatMap((directory) => readdirSync(directory).map((name) => join(directory, name)));
    const step = Math.max(Math.floor(programs.length / 120), 1);
    const sample = programs.filter((path, index) => index % step === 0 && statSync(path, { throwIfNoEntry: false })?.isFile() === true);
    const chosen = sample.filter((path) => isDynamic(readFileSync(path))).slice(0, 60);
    if (chosen.length < 30) {
      context.skip("fewer than 30 dynamic programs in /usr/bin and /usr/sbin");
      return;
    }
    const { stdout } = await run(["ldd", ...chosen], { okCodes: [0, 1] });
    const sections = stdout.split(/^(?=\/.*:$)/m);
    assert.equal(sections.length, chosen.length);
    const expected = new Map<string, readonly string[]>();
    for (const [index, path] of chosen.entries()) {
      const section = sections[index] ?? "";
      assert.ok(section.startsWith(`${path}:`));
      const libraries = [...section.matchAll(/(?:=> |^\t)(\/\S+) \(/gm)].map((match) => realpathSync(match[1] ?? ""));
      if (!section.includes("not found")) expected.set(path, [...libraries, realpathSync(path)]);
    }
    const found = async (paths: readonly string[]) => {
      const { entries } = await fileClosure(
        paths.map((path) => want(path)),
        { dlopens: [] },
      );
      return new Set(entries.filter((entry) => entry.type === "file").map((entry) => `/${entry.path}`));
    };
    // All at once, because that shares what is read; then some alone, so that none lives on another's libraries.
    assert.deepEqual(await found([...expected.keys()]), new Set([...expected.values()].flat()));
    for (const [path, files] of [...expected].filter((_, index) => index % 5 === 0))
      assert.deepEqual(await found([path]), new Set(files), path);
  });
});

function isDynamic(bytes: Uint8Array): boolean {
  return isElf(bytes) && readElf(bytes).interpreter !== undefined;
}

describe("the loader's rules", () => {
  const program = (recipe: Partial<ElfRecipe>): Partial<ElfRecipe> => ({ interpreter: LOADER, ...recipe });

  for (const [name, files, expected] of [
    [
      "$ORIGIN in RUNPATH counts from the program",
      { "opt/a/bin/p": program({ needed: ["libx.so"], runpath: "$ORIGIN/../lib" }), "opt/a/lib/libx.so": {}, "usr/lib/libx.so": {} },
      ["opt/a/lib/libx.so"],
    ],
    [
      "${ORIGIN} in RPATH counts from the program",
      { "opt/a/bin/p": program({ needed: ["libx.so"], rpath: "${ORIGIN}" }), "opt/a/bin/libx.so": {} },
      ["opt/a/bin/libx.so"],
    ],
    [
      "RPATH goes before ld.so.conf and the defaults",
      { p: program({ needed: ["libx.so"], rpath: "/first" }), "first/libx.so": {}, "usr/lib/libx.so": {} },
      ["first/libx.so"],
    ],
    [
      "RPATH is ignored beside RUNPATH",
      { p: program({ needed: ["libx.so"], rpath: "/rpath", runpath: "/runpath" }), "rpath/libx.so": {}, "runpath/libx.so": {} },
      ["runpath/libx.so"],
    ],
    [
      "RPATH is inherited by libraries",
      { p: program({ needed: ["libx.so"], rpath: "/private" }), "private/libx.so": { needed: ["liby.so"] }, "private/liby.so": {} },
      ["private/libx.so", "private/liby.so"],
    ],
    [
      "$LIB is the system's library directory",
      { p: program({ needed: ["libx.so"], runpath: "/opt/$LIB" }), "opt/lib/x86_64-linux-gnu/libx.so": {} },
      ["opt/lib/x86_64-linux-gnu/libx.so"],
    ],
    [
      "a library that is loaded already serves by its soname",
      {
        p: program({ needed: ["libx.so.1", "liby.so"], runpath: "/private" }),
        "private/libx.so.1": { soname: "libx.so.1" },
        "private/liby.so": { needed: ["libx.so.1"] },
      },
      ["private/libx.so.1", "private/liby.so"],
    ],
    [
      "files of another class or machine are passed over",
      {
        p: program({ needed: ["libx.so"] }),
        "lib/x86_64-linux-gnu/libx.so": { machine: 183 },
        "usr/lib64/libx.so": { bits: 32 },
        "usr/lib/libx.so": {},
      },
      ["usr/lib/libx.so"],
    ],
    [
      "text files are passed over",
      { p: program({ needed: ["libx.so"] }), "lib/libx.so": "GROUP ( libx.so.1 )", "usr/lib/libx.so": {} },
      ["usr/lib/libx.so"],
    ],
    ["a needed name with a slash is a path", { p: program({ needed: ["/opt/libx.so"] }), "opt/libx.so": {} }, ["opt/libx.so"]],
    [
      "every link of a chain is kept",
      {
        p: program({ needed: ["libx.so.1"] }),
        "usr/lib/libx.so.1": { link: "libx.so.1.2" },
        "usr/lib/libx.so.1.2": { link: "/usr/lib/libx.so.1.2.3" },
        "usr/lib/libx.so.1.2.3": {},
      },
      ["usr/lib/libx.so.1", "usr/lib/libx.so.1.2", "usr/lib/libx.so.1.2.3"],
    ],
  ] as [string, Record<string, Content>, string[]][]) {
    test(name, async () => {
      const wanted = Object.keys(files).find((path) => path === "p" || path.endsWith("/p"))!;
      const found = await pathsOf({ "usr/lib/libnever.so": {}, ...files }, [`/${wanted}`]);
      assert.deepEqual(found, [...new Set([...expected, wanted, "lib64", "usr/lib64/ld-linux-x86-64.so.2"])].sort());
    });
  }

  test("a library with a RUNPATH does not inherit the program's RPATH", async () => {
    const files = {
      p: program({ needed: ["libx.so"], rpath: "/private" }),
      "private/libx.so": { needed: ["liby.so"], runpath: "/elsewhere" },
      "private/liby.so": {},
    };
    await assert.rejects(closureOf(files, ["/p"]), /its library "liby\.so" must be there/);
  });

  test("a library that is loaded under another name serves by its soname", async () => {
    const files = {
      p: program({ needed: ["libalias.so", "liby.so"] }),
      "usr/lib/libalias.so": { soname: "libx.so.1" },
      "usr/lib/liby.so": { needed: ["libx.so.1"] },
    };
    assert.deepEqual(await pathsOf(files, ["/p"]), [
      "lib64",
      "p",
      "usr/lib/libalias.so",
      "usr/lib/liby.so",
      "usr/lib64/ld-linux-x86-64.so.2",
    ]);
  });

  test("ld.so.conf is followed with its includes, and named when something was found there", async () => {
    const files = {
      "etc/ld.so.conf": "include ld.so.conf.d/*.conf # all\n",
      "etc/ld.so.conf.d/local.conf": "# local\n/usr/local/lib/\ninclude /etc/ld.so.conf\n",
      "etc/ld.so.conf.d/ignored.txt": "/ignored\n",
      "usr/local/lib/libx.so": {},
      "ignored/libx.so": {},
      p: program({ needed: ["libx.so", "libc.so.6"] }),
    };
    const closure = await closureOf(files, ["/p"]);
    assert.deepEqual(
      closure.entries.map((entry) => entry.path),
      [...BASE_PATHS, "p", "usr/local/lib/libx.so"].sort(),
    );
    assert.deepEqual(closure.configuredDirectories, ["/usr/local/lib"]);
  });

  test("musl's loader is its own libc, and its path file is read", async () => {
    const files = {
      "lib/ld-musl-x86_64.so.1": {},
      "etc/ld-musl-x86_64.path": "/musl/lib:/other\n",
      "musl/lib/libx.so": { needed: ["libpthread.so"] },
      p: { interpreter: "/lib/ld-musl-x86_64.so.1", needed: ["libc.musl-x86_64.so.1", "libx.so"] },
    };
    assert.deepEqual(await pathsOf(files, ["/p"]), ["lib/ld-musl-x86_64.so.1", "musl/lib/libx.so", "p"]);
  });

  test("a static program needs nothing", async () => {
    assert.deepEqual(await pathsOf({ "usr/bin/static": {} }, ["static"]), ["usr/bin/static"]);
  });
});

describe("reasons", () => {
  test("stand nearest first, and the first one to want a file gives them", async () => {
    const files = {
      "usr/bin/p": { interpreter: LOADER, needed: ["libx.so"] },
      "usr/bin/q": { interpreter: LOADER, needed: ["liby.so"] },
      "usr/lib/libx.so": { needed: ["liby.so"] },
      "usr/lib/liby.so": {},
    };
    const { entries } = await closureOf(files, ["p", "q"]);
    const because = (path: string) => entries.find((entry) => entry.path === path)?.because;
    assert.deepEqual(because("usr/lib/liby.so"), ["usr/lib/libx.so needs liby.so", "usr/bin/p needs libx.so", "p is tried"]);
    assert.deepEqual(because("usr/bin/q"), ["q is tried"]);
    assert.deepEqual(because("lib64"), ["usr/bin/p is started by it", "p is tried"]);
    assert.deepEqual(
      entries.map((entry) => [entry.path, entry.group]).filter(([path]) => String(path).includes("bin")),
      [
        ["usr/bin/p", "programs"],
        ["usr/bin/q", "programs"],
      ],
    );
  });
});

describe("scripts", () => {
  test("bring their interpreter and its libraries; env brings the program it is asked for", async () => {
    const files = {
      bin: { link: "usr/bin" },
      "usr/bin/sh": { interpreter: LOADER, needed: ["libc.so.6"] },
      "usr/bin/env": {},
      "usr/bin/awk": {},
      "usr/bin/plain": "#!/bin/sh -e\n",
      "usr/bin/through-env": "#! /usr/bin/env -S X=1 awk -f\n",
      "usr/bin/data": "no script",
    };
    assert.deepEqual(await pathsOf(files, ["plain"]), [...BASE_PATHS, "bin", "usr/bin/plain", "usr/bin/sh"].sort());
    assert.deepEqual(await pathsOf(files, ["through-env", "data"]), ["usr/bin/awk", "usr/bin/data", "usr/bin/env", "usr/bin/through-env"]);
  });

  test("without their interpreter are refused, with the chain", async () => {
    await assert.rejects(closureOf({ "usr/bin/s": "#!/usr/bin/perl\n" }, ["s"]), {
      name: "LifeboatError",
      message: 'Cannot take "/usr/bin/perl" into the image as it must be there: there is no such file',
      hint: "Install the package that has it. Why it is wanted: usr/bin/s is a script for /usr/bin/perl; s is tried",
    });
  });
});

describe("dlopen", () => {
  const note = (priority: string) => `[{"soname":["libnew.so.2","libold.so.1"],"description":"frobs","priority":"${priority}"}]`;
  const program = (priority: string) => ({ "usr/bin/p": { interpreter: LOADER, dlopen: note(priority) } });
  const base = ["lib64", "usr/bin/p", "usr/lib64/ld-linux-x86-64.so.2"];

  test("notes bring required and recommended libraries, the first name that is there; suggested ones stay away", async () => {
    const libraries = { "usr/lib/libold.so.1": {} };
    for (const priority of ["required", "recommended"]) {
      assert.deepEqual(await pathsOf({ ...program(priority), ...libraries }, ["p"]), [...base, "usr/lib/libold.so.1"].sort());
    }
    assert.deepEqual(await pathsOf({ ...program("suggested"), ...libraries }, ["p"]), base);
  });

  test("a required library that is missing is an error, a recommended one a note", async () => {
    await assert.rejects(closureOf(program("required"), ["p"]), /its library "libnew\.so\.2 or libold\.so\.1" must be there/);
    const closure = await closureOf(program("recommended"), ["p"]);
    assert.deepEqual(closure.notes, ["usr/bin/p would open libnew.so.2 or libold.so.1 for frobs: not on this system"]);
  });

  const known = (entry: Partial<KnownDlopen>): KnownDlopen => ({
    when: {},
    take: [],
    why: "it does",
    link: "https://example.org",
    ...entry,
  });

  test("the table brings sonames and plugins, by symbol, library and program", async () => {
    const files = {
      "usr/bin/p": { interpreter: LOADER, needed: ["libc.so.6"] },
      "usr/lib/libextra.so.1": {},
      "usr/lib/plugins/a.so": { needed: ["libdep.so"] },
      "usr/lib/plugins/b.so": { needed: ["libgone.so"] },
      "usr/lib/plugins/c.txt": "x",
      "usr/lib/libdep.so": {},
    };
    const dlopens = [
      known({ when: { imports: ["imported_symbol"] }, take: ["libextra.so.1", "libabsent.so"] }),
      known({ when: { programs: ["p"] }, take: ["plugins/*.so"] }),
    ];
    const closure = await closureOf(files, ["p"], { dlopens });
    assert.deepEqual(
      closure.entries.map((entry) => entry.path),
      [...BASE_PATHS, "usr/bin/p", "usr/lib/libdep.so", "usr/lib/libextra.so.1", "usr/lib/plugins/a.so"].sort(),
    );
    assert.deepEqual(closure.entries.find((entry) => entry.path === "usr/lib/plugins/a.so")?.because, [
      "usr/bin/p: it does (https://example.org)",
      "p is tried",
    ]);
    assert.deepEqual(closure.notes, ["usr/lib/plugins/b.so is left out: it needs libgone.so, not on this system"]);
    const others = [
      known({ when: { library: "libother.so.1" }, take: ["libextra.so.1"] }),
      known({ when: { programs: ["q"] }, take: ["libextra.so.1"] }),
      known({ when: { imports: ["no_such_symbol"] }, take: ["libextra.so.1"] }),
    ];
    assert.deepEqual(
      (await pathsOf(files, ["p"], { dlopens: others })).filter((path) => path.includes("extra")),
      [],
    );
    const unless = [known({ when: { programs: ["p"] }, unlessLibcHas: "imported_symbol", take: ["libextra.so.1"] })];
    assert.deepEqual(
      (await pathsOf(files, ["p"], { dlopens: unless })).filter((path) => path.includes("extra")),
      [],
    );
  });

  test("each entry of the table has a link and something to look for", () => {
    for (const { link, why, take, when } of KNOWN_DLOPENS) {
      assert.match(link, /^https:\/\/\S+\/\d+$/);
      assert.ok(why !== "" && take.length > 0 && Object.keys(when).length === 1, link);
    }
  });
});

describe("directories", () => {
  test("bring all they hold, links included, and the libraries of programs in them", async () => {
    const files = {
      "opt/tool/run": { interpreter: LOADER, needed: ["libc.so.6"] },
      "opt/tool/data/file": "x",
      "opt/tool/link": { link: "data/file" },
      "opt/tool/dangling": { link: "nowhere" },
      "opt/tool/away": { link: "/usr" },
      "usr/share/big": "not wanted",
    };
    const closure = await closureOf(files, ["/opt/tool"]);
    assert.deepEqual(
      closure.entries.map((entry) => entry.path),
      [...BASE_PATHS, "opt/tool/away", "opt/tool/dangling", "opt/tool/data/file", "opt/tool/link", "opt/tool/run"].sort(),
    );
  });
});

test("set-uid bits stay behind, sizes and host paths are the files' own", async () => {
  const root = makeRoot({ "usr/bin/p": "data" });
  chmodSync(join(root, "usr/bin/p"), 0o4755);
  const { entries } = await fileClosure([want("p")], { root });
  assert.deepEqual(entries, [
    {
      type: "file",
      path: "usr/bin/p",
      mode: 0o755,
      sizeBytes: 4,
      content: { hostPath: join(root, "usr/bin/p") },
      group: "programs",
      because: ["p is tried"],
    },
  ]);
});
