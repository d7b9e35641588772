// Where distributions keep the boot loaders' files: one table, and an error that names the packages.
import { LifeboatError } from "#os/error";
import { exists } from "#os/files";

interface Asset {
  readonly package: string;
  /** Below a root: Debian's place first, then those of others. */
  readonly places: readonly string[];
}

const ASSETS = {
  isolinux: {
    package: "isolinux",
    places: ["usr/lib/ISOLINUX/isolinux.bin", "usr/share/syslinux/isolinux.bin", "usr/lib/syslinux/bios/isolinux.bin"],
  },
  isohybridMbr: {
    package: "isolinux",
    places: ["usr/lib/ISOLINUX/isohdpfx.bin", "usr/share/syslinux/isohdpfx.bin", "usr/lib/syslinux/bios/isohdpfx.bin"],
  },
  ldlinux: {
    package: "syslinux-common",
    places: ["usr/lib/syslinux/modules/bios/ldlinux.c32", "usr/share/syslinux/ldlinux.c32", "usr/lib/syslinux/bios/ldlinux.c32"],
  },
  syslinuxMbr: {
    package: "syslinux-common",
    places: ["usr/lib/syslinux/mbr/mbr.bin", "usr/share/syslinux/mbr.bin", "usr/lib/syslinux/bios/mbr.bin"],
  },
  pxelinux: {
    package: "pxelinux",
    places: ["usr/lib/PXELINUX/pxelinux.0", "usr/share/syslinux/pxelinux.0", "usr/lib/syslinux/bios/pxelinux.0"],
  },
  grubModules: { package: "grub-efi-amd64-bin", places: ["usr/lib/grub/x86_64-efi"] },
  shim: { package: "shim-signed", places: ["usr/lib/shim/shimx64.efi.signed"] },
  mokManager: { package: "shim-helpers-amd64-signed", places: ["usr/lib/shim/mmx64.efi.signed"] },
  // Only Debian and its descendants sign a GRUB that looks in /boot/grub of the medium (gcd) or (tftp)/grub (grubnet).
  signedDiskGrub: { package: "grub-efi-amd64-signed", places: ["usr/lib/grub/x86_64-efi-signed/gcdx64.efi.signed"] },
  signedNetworkGrub: { package: "grub-efi-amd64-signed", places: ["usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed"] },
} as const satisfies Readonly<Record<string, Asset>>;

export type AssetName = keyof typeof ASSETS;

/**
 * The path of each asset. `roots` are trees to look in, in order: "/", or where packages were unpacked.
 * Throws LifeboatError (exit 3) naming every package that is missing.
 */
export async function findAssets<Name extends AssetName>(
  names: readonly Name[],
  roots: readonly string[] = ["/"],
): Promise<Readonly<Record<Name, string>>> {
  const found: Partial<Record<Name, string>> = {};
  const missing: Name[] = [];
  for (const name of names) {
    const path = await findAsset(name, roots);
    if (path === undefined) missing.push(name);
    else found[name] = path;
  }
  if (missing.length > 0) throw missingAssets(missing, roots);
  return found as Record<Name, string>;
}

/** One asset, or undefined where it is not installed. */
export async function findAsset(name: AssetName, roots: readonly string[] = ["/"]): Promise<string | undefined> {
  for (const root of roots) {
    for (const place of ASSETS[name].places) {
      const path = `${root.replace(/\/+$/, "")}/${place}`;
      if (await exists(path)) return path;
    }
  }
  return undefined;
}

function missingAssets(names: readonly AssetName[], roots: readonly string[]): LifeboatError {
  const files = names.map((name) => ASSETS[name].places[0].replace(/^.*\//, ""));
  const packages = [...new Set(names.map((name) => ASSETS[name].package))];
  return new LifeboatError(
    `Cannot make boot media as their boot loaders must be installed: no ${files.join(", ")} below "${roots.join('", "')}"`,
    {
      hint: `Install ${packages.join(" ")} (Debian's package names)`,
    },
  );
}
