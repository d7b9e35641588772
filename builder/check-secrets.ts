// The build fails when the image would carry a secret (DESIGN section 8, rule 6).

import { LifeboatError } from "#os/error";
import { readBytes } from "#os/files";
import type { PlanEntry } from "./image-plan.ts";
import { scanFile } from "./secret-scanner.ts";

/** Looks into everything but modules and firmware, which their makers published. Throws LifeboatError naming path and rule, never the secret. */
export async function checkSecrets(entries: readonly PlanEntry[]): Promise<void> {
  const findings: string[] = [];
  const advice = new Set<string>();
  for (const entry of entries) {
    if (entry.type !== "file" || entry.group === "modules" || entry.group === "firmware") continue;
    const bytes = "bytes" in entry.content ? entry.content.bytes : await readBytes(entry.content.hostPath);
    for (const finding of scanFile({ path: entry.path, bytes })) {
      findings.push(`"${finding.path}" holds ${finding.rule}`);
      advice.add(finding.advice);
    }
  }
  if (findings.length === 0) return;
  throw new LifeboatError(`Cannot make the image as it must carry no secrets: ${findings.join("; ")}`, { hint: [...advice].join(" ") });
}

/** Words that will stand readable in a boot menu or a manifest: URLs and options. Throws LifeboatError when one carries a credential. */
export function checkWords(words: readonly string[]): void {
  const suspicious = words.find(
    (word) => /:\/\/[^\s/@]*:[^\s/@]+@/.test(word) || /\b(?:password|passwd|passphrase|secret|token)=\S/i.test(word),
  );
  if (suspicious === undefined) return;
  throw new LifeboatError("Cannot make the medium as its boot words must carry no secrets: one holds a password", {
    exitCode: 2,
    hint: "Everybody who holds the medium can read them; use a source that needs no credential, or type the word at the boot prompt",
  });
}
