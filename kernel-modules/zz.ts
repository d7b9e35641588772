import { readFileSync } from "node:fs";
import { parseModuleTree } from "./module-tree.ts";
import { selectModules } from "./select.ts";
import { makeModuleTable } from "./module-table.ts";
import { formatModuleTable, parseModuleTable } from "./module-table-text.ts";
import { matchModalias } from "./match-modalias.ts";
import { loadPlan } from "./load-plan.ts";
const dir = process.env.LIFEBOAT_TEST_MODULES + "/";
const files: Record<string, string> = {};
for (const f of ["dep", "alias", "softdep", "builtin", "builtin.modinfo", "devname"]) files["modules." + f] = readFileSync(dir + "modules." + f, "utf8");
for (let i = 0; i < 3; i++) {
let t = performance.now();
const lap = (s: string) => { console.log(s, (performance.now() - t).toFixed(1)); t = performance.now(); };
const tree = parseModuleTree(files); lap("tree");
const sel = selectModules(tree); lap("select");
const early = sel.modules.filter(m => m.layer === "initramfs");
const table = makeModuleTable({ release: "x", tree, selection: sel, firmware: new Map() }); lap("table");
const text = formatModuleTable(table); lap("format " + text.length);
const back = parseModuleTable(text); lap("parse");
for (let k = 0; k < 300; k++) matchModalias(back, "pci:v00008086d000010D3sv00008086sd0000A01Fbc02sc00i0" + k); lap("300 matches");
const plan = loadPlan(back, ["nvme", "e1000e", "ext4", "btrfs", "cifs", "usb-storage"], { loaded: [], layers: ["initramfs"] }); lap("plan");
if (i === 2) { console.log(early.length, sel.modules.length, sel.unknown.map(u => u.name + "<" + u.because[0]).join("\n"), sel.builtins.length);
 console.log(plan.steps.map(s => s.name + "(" + s.after + ")").join(" "), plan.waiting, plan.unknown);
 for (const n of ["nvme_core","nls_cp437","drm","i915","raid456"]) console.log(JSON.stringify(sel.modules.find(m => m.name === n)));
 let sz = 0; const by: Record<string, number> = {}; const fs = await import("node:fs");
 for (const m of early) { const s = fs.statSync(dir + m.path).size; sz += s; const k = m.path.split("/").slice(1, 4).join("/"); by[k] = (by[k] ?? 0) + s; }
 console.log(sz, Object.entries(by).sort((a, b) => b[1] - a[1]).slice(0, 25).map(x => x.join(" ")).join("\n"));
 console.log(early.map(m => [fs.statSync(dir+m.path).size, m.name] as const).sort((a,b)=>b[0]-a[0]).slice(0,90).map(x=>x[1]+" "+(x[0]/1e6).toFixed(1)).join(", "));
}
}
