// Libraries that programs open by themselves without saying so in their ELF files. No link, no entry.

export interface KnownDlopen {
  /** Any object of the program that does one of these brings the files in. */
  readonly when: {
    /** Names a symbol in its dynamic string table (libc itself, which defines them, does not count). */
    readonly imports?: readonly string[];
    /** Is this library. */
    readonly library?: string;
    /** Is this program, by the name of its file. */
    readonly programs?: readonly string[];
  };
  /** Not needed when libc itself has this symbol. */
  readonly unlessLibcHas?: string;
  /** Sonames, or with a slash: below any directory that the loader searches, `*` in the last part. What is absent is left out. */
  readonly take: readonly string[];
  readonly why: string;
  readonly link: string;
}

export const KNOWN_DLOPENS: readonly KnownDlopen[] = [
  {
    when: { imports: ["pthread_cancel", "pthread_exit", "backtrace"] },
    take: ["libgcc_s.so.1"],
    why: "glibc unwinds the stack with it when a thread ends",
    link: "https://github.com/zfsonlinux/pkg-zfs/issues/26",
  },
  {
    when: { imports: ["getaddrinfo", "gethostbyname", "gethostbyname_r", "gethostbyname2_r", "getnameinfo"] },
    unlessLibcHas: "_nss_dns_gethostbyname_r",
    take: ["libnss_dns.so.2", "libnss_files.so.2", "libresolv.so.2"],
    why: "glibc before 2.34 resolves host names through it",
    link: "https://github.com/dracutdevs/dracut/issues/772",
  },
  {
    when: { imports: ["getpwnam", "getpwuid", "getpwnam_r", "getpwuid_r", "getgrnam", "getgrgid", "getservbyname", "getprotobyname"] },
    unlessLibcHas: "__nss_files_fopen",
    take: ["libnss_files.so.2"],
    why: "glibc before 2.34 reads /etc/passwd and its like through it",
    link: "https://github.com/dracutdevs/dracut/pull/800",
  },
  {
    when: { library: "libcryptsetup.so.12" },
    take: ["cryptsetup/libcryptsetup-token-*.so"],
    why: "cryptsetup opens LUKS2 volumes by their tokens (TPM2, FIDO2) with it",
    link: "https://github.com/dracutdevs/dracut/issues/1676",
  },
  {
    when: { library: "libcryptsetup.so.12" },
    take: ["ossl-modules/legacy.so"],
    why: "OpenSSL 3 has the older hashes of LUKS and plain volumes (Whirlpool, RIPEMD-160) in it",
    link: "https://github.com/openssl/openssl/issues/16994",
  },
  {
    when: { programs: ["dmeventd"] },
    take: ["device-mapper/libdevmapper-event-lvm2*.so", "libdevmapper-event-lvm2*.so"],
    why: "dmeventd watches mirrors, snapshots and thin pools with it",
    link: "https://github.com/dracutdevs/dracut/pull/2028",
  },
  {
    when: { library: "libmultipath.so.0" },
    take: ["multipath/*.so"],
    why: "multipath checks and ranks paths with it",
    link: "https://github.com/rear/rear/issues/20",
  },
  {
    when: { library: "libnfsidmap.so.1" },
    take: ["libnfsidmap/nsswitch.so"],
    why: "NFS version 4 maps owners with it",
    link: "https://github.com/TritonDataCenter/illumos-joyent/issues/97",
  },
  {
    when: { programs: ["mkfs.fat", "fsck.fat", "fatlabel", "mcopy", "mtools"] },
    take: ["gconv/IBM850.so", "gconv/gconv-modules", "gconv/gconv-modules.d/*.conf"],
    why: "names on FAT are converted from code page 850 with it",
    link: "https://github.com/LibreELEC/LibreELEC.tv/pull/6404",
  },
];
