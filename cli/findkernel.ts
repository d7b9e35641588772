// `lifeboat findkernel`: which kernel a build would take, and whether it will do. MondoRescue's findkernel.

import { reportKernel, type KernelReport } from "../builder/report-kernel.ts";
import { chooseKernel, KERNEL_OPTIONS } from "./image-options.ts";
import { JSON_OPTION, type CommandSpec } from "./command-spec.ts";

export const findkernelCommand: CommandSpec = {
  name: "findkernel",
  summary: "Show the kernel that a build would take",
  description:
    "Prints the path of the kernel that lifeboat build would take, then its release, where its modules and its configuration are, why it is " +
    "this one, and what it lacks. The exit code is 3 when there is none, or when the one there is cannot carry a rescue system.",
  args: [],
  options: [...KERNEL_OPTIONS, JSON_OPTION],
  examples: [
    { command: "lifeboat findkernel", says: "the kernel that build would take" },
    { command: "lifeboat findkernel -k /boot/vmlinuz-6.1.0-56-amd64", says: "whether this one will do" },
    { command: "lifeboat findkernel --json", says: "the same as data" },
  ],
  async run({ options, print }) {
    const report = await reportKernel(await chooseKernel(options));
    print(options["json"] === true ? JSON.stringify(report) : reportText(report));
    return report.usable ? 0 : 3;
  },
};

function reportText(report: KernelReport): string {
  return [
    report.kernelPath,
    `  release  ${report.release}`,
    `  modules  ${report.moduleDirectory}`,
    `  config   ${report.configPath ?? "not found"}`,
    `  why      ${report.provenance}`,
    ...report.findings.map(({ severity, option, breaks }) => `  ${severity}: ${option}: ${breaks}`),
  ].join("\n");
}
