// Which inode flags can be set again with chattr (chattr(1)); the others tell how a file is stored and come by themselves.

/**
 * a append only, A no atime, c compressed, C no copy on write, d no dump, D synchronous directory, i immutable, j data
 * journalling, S synchronous, t no tail merging, T top of hierarchy, u undeletable. Not m, not compressed: btrfs sets it by itself where compressing does not pay.
 */
export const RESTORABLE_FLAGS = "aAcCdDijStTu";
