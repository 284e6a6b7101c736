/** statx(2) into one buffer a thread that is used again and again; read it before the next call. */
import { Kind } from '../../base/constants.ts'
import type { EntriesBuilder } from '../../model/entries-builder.ts'
import { AT_EMPTY_PATH, AT_NO_AUTOMOUNT, AT_STATX_DONT_SYNC, AT_SYMLINK_NOFOLLOW, Errno } from '../native/errno.ts'
import { type Address, addressOf, libc } from '../native/libc.ts'

/** struct statx is 256 bytes; all its fields are aligned, so views read them. */
const bytes = new Uint8Array(256)
const u16 = new Uint16Array(bytes.buffer)
const u32 = new Uint32Array(bytes.buffer)
const i32 = new Int32Array(bytes.buffer)
const u64 = new BigUint64Array(bytes.buffer)
let address: Address = 0
/** An empty string, for AT_EMPTY_PATH: the last byte of a buffer that is otherwise unused. */
const empty = new Uint8Array(128)
let emptyAddress: Address = 0

/** STATX_BASIC_STATS: all that stat(2) has. */
const MASK = 0x7ff
/** STATX_BTIME: when it was made. */
const STATX_BTIME = 0x800
/** STATX_MNT_ID: which mount, Linux 5.8. */
export const STATX_MNT_ID = 0x1000
const FLAGS = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT

/** 2^32: the weight of the high half of a 64-bit number. */
const HIGH = 0x1_0000_0000

/** statx of a name in a directory; a symlink is not followed. 0, or -1 with errno. */
export function statxName(dirFd: number, name: Address): number {
  if (address === 0) address = addressOf(bytes)
  return statx(dirFd, name, FLAGS, MASK)
}

/** The same for scans: a network filesystem may answer from its cache, as stat(2) does by default on most. */
export function statxNameCached(dirFd: number, name: Address): number {
  if (address === 0) address = addressOf(bytes)
  return statx(dirFd, name, FLAGS | AT_STATX_DONT_SYNC, MASK)
}

/** statx of an open descriptor. 0, or -1 with errno. */
export function statxFd(fd: number): number {
  if (address === 0) address = addressOf(bytes)
  if (emptyAddress === 0) emptyAddress = addressOf(empty)
  return statx(fd, emptyAddress, AT_EMPTY_PATH, MASK | STATX_MNT_ID)
}

/** Whether it is recorded when an open directory was made; true where that cannot be asked. */
export function hasBirthTime(fd: number): boolean {
  statxFd(fd)
  return statx(fd, emptyAddress, AT_EMPTY_PATH, MASK | STATX_BTIME) !== 0 || (u32[0]! & STATX_BTIME) !== 0
}

/** Again where it was interrupted, as network filesystems may be. No closure: this is called for every entry of a tree. */
function statx(fd: number, name: Address, flags: number, mask: number): number {
  for (;;) {
    const result = libc.statx(fd, name, flags, mask, address)
    if (result !== -1 || libc.errno() !== Errno.EINTR) return result
  }
}

/** The result of the last call in this thread. Offsets: struct statx, include/uapi/linux/stat.h. */
export const stx = {
  mask: (): number => u32[0]!,
  nlink: (): number => u32[4]!,
  uid: (): number => u32[5]!,
  gid: (): number => u32[6]!,
  /** File type and permission bits, as inode(7) says. */
  fullMode: (): number => u16[14]!,
  /** Permission bits with setuid, setgid and sticky. */
  mode: (): number => u16[14]! & 0o7777,
  /** A value of Kind. */
  kind: (): number => kindOfMode(u16[14]!),
  ino: (): bigint => u64[4]!,
  inoLow: (): number => u32[8]!,
  inoHigh: (): number => u32[9]!,
  /** Bytes. */
  size: (): number => u32[11]! * HIGH + u32[10]!,
  /** Allocated, in units of 512 bytes. */
  blocks: (): number => u32[13]! * HIGH + u32[12]!,
  ctimeSec: (): number => i32[25]! * HIGH + u32[24]!,
  ctimeNsec: (): number => u32[26]!,
  mtimeSec: (): number => i32[29]! * HIGH + u32[28]!,
  mtimeNsec: (): number => u32[30]!,
  rdevMajor: (): number => u32[32]!,
  rdevMinor: (): number => u32[33]!,
  devMajor: (): number => u32[34]!,
  devMinor: (): number => u32[35]!,
  /** Which mount it lies on; 0 where the kernel does not say. Only after statxFd. */
  mountId: (): number => ((u32[0]! & STATX_MNT_ID) === 0 ? 0 : u32[37]! * HIGH + u32[36]!),
}

/**
 * Writes the result of the last call in this thread into row i of a builder, hints included; the row is then complete but for
 * its variable columns and `racy`.
 */
export function statxRow(columns: EntriesBuilder, i: number): void {
  const mode = u16[14]!
  const kind = kindOfMode(mode)
  columns.kind[i] = kind
  columns.mode[i] = mode & 0o7777
  columns.uid[i] = u32[5]!
  columns.gid[i] = u32[6]!
  if (kind === Kind.file) columns.size[i] = u32[11]! * HIGH + u32[10]!
  columns.mtimeSec[i] = i32[29]! * HIGH + u32[28]!
  columns.mtimeNsec[i] = u32[30]!
  if (kind === Kind.char || kind === Kind.block) {
    columns.rdevMajor[i] = u32[32]!
    columns.rdevMinor[i] = u32[33]!
  }
  columns.inoHalves[2 * i] = u32[8]!
  columns.inoHalves[2 * i + 1] = u32[9]!
  columns.devMajor[i] = u32[34]!
  columns.devMinor[i] = u32[35]!
  columns.ctimeSec[i] = i32[25]! * HIGH + u32[24]!
  columns.ctimeNsec[i] = u32[26]!
  columns.nlink[i] = u32[4]!
  columns.touch(true)
}

/** Kind by the upper four bits of st_mode (inode(7)); 0 where there is no such type. */
const kinds = new Uint8Array(16)
kinds[0o14] = Kind.socket
kinds[0o12] = Kind.symlink
kinds[0o10] = Kind.file
kinds[0o06] = Kind.block
kinds[0o04] = Kind.directory
kinds[0o02] = Kind.char
kinds[0o01] = Kind.fifo

/** The Kind of a st_mode. */
export function kindOfMode(fullMode: number): number {
  return kinds[fullMode >>> 12]!
}

/** The type bits of st_mode for a Kind: what mknod(2) takes. */
export function modeOfKind(kind: number): number {
  return kinds.indexOf(kind) << 12
}
