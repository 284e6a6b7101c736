/**
 * What a filesystem can hold, as far as that can be known without writing to it: its room and limits (statfs(2)), and by its
 * type what entries keep there. A type that is not in the table is taken for one that keeps everything.
 */
import { existsSync } from 'node:fs'
import { nameAddress } from '../native/c-string.ts'
import { check, retry } from '../native/call.ts'
import { Errno, O_CLOEXEC, O_DIRECTORY, O_RDONLY } from '../native/errno.ts'
import { addressOf, libc } from '../native/libc.ts'
import { hasBirthTime } from './statx.ts'

/** What is the same for all filesystems of a type. */
export type Traits = {
  /** What is not kept. */
  lacks: ReadonlySet<Lack>
  /** Beginnings of the names of extended attributes that are not kept. */
  lacksXattrs: readonly string[]
  /** Names that differ in case alone are one name. */
  ignoresCase: boolean
  /** Names that differ in their Unicode normal form alone are one name. */
  normalises: boolean
  /** Characters that names cannot have, and endings that are cut off; null: none. */
  badName: RegExp | null
  /** Nanoseconds between two times that are told apart; a time between them becomes the earlier one. */
  timeStepNs: number
  /** The earliest and the latest time, in seconds: one beyond becomes that. */
  timeMinSec: number
  timeMaxSec: number
  /** Bytes of the largest file. */
  fileBytesMax: number
  /** What is written takes as much room as it is long: it is not compressed. */
  isPlain: boolean
  /** A copy of a file takes no room. */
  clones: boolean
  /** Entries may come from a lower layer: no directory of such a one can be renamed, and what is changed becomes another inode. */
  isLayered: boolean
}

export type Lack = 'modes' | 'owners' | 'symlinks' | 'links' | 'devices'

export type Filesystem = Traits & {
  blockBytes: number
  /** For this process; null where the filesystem does not say how large it is. */
  freeBytes: number | null
  /** Null where there is no fixed number of them. */
  freeInodes: number | null
  nameBytesMax: number
  /** Devices cannot be opened there. */
  isNoDev: boolean
  /** Names that differ may be one name in some directory there. */
  mayFold: boolean
}

const FULL: Traits = {
  lacks: new Set(),
  lacksXattrs: [],
  ignoresCase: false,
  normalises: false,
  badName: null,
  timeStepNs: 1,
  timeMinSec: Number.MIN_SAFE_INTEGER,
  timeMaxSec: Number.MAX_SAFE_INTEGER,
  fileBytesMax: Number.MAX_SAFE_INTEGER,
  isPlain: true,
  clones: false,
  isLayered: false,
}

const FAT: Traits = {
  ...FULL,
  lacks: new Set<Lack>(['modes', 'owners', 'symlinks', 'links', 'devices']),
  lacksXattrs: [''],
  ignoresCase: true,
  badName: /[\0-\x1f"*:<>?\\|]|[. ]$/,
  timeStepNs: 2e9,
  // 1980 to 2107.
  timeMinSec: 315_532_800,
  timeMaxSec: 4_354_819_198,
  fileBytesMax: 2 ** 32 - 1,
}

/** OVERLAYFS_SUPER_MAGIC. */
const OVERLAY = 0x794c7630

/** By f_type (statfs(2), linux/magic.h). */
const traitsByType: ReadonlyMap<number, Traits> = new Map([
  [0x4d44, FAT],
  [0x2011bab0, { ...FAT, timeStepNs: 1e7, fileBytesMax: Number.MAX_SAFE_INTEGER }],
  [0x482b, { ...FULL, ignoresCase: true, normalises: true, timeStepNs: 1e9 }],
  [0x4244, { ...FULL, ignoresCase: true, timeStepNs: 1e9, fileBytesMax: 2 ** 31 - 1 }],
  [0x7366746e, { ...FULL, timeStepNs: 100 }],
  [0x5346544e, { ...FULL, timeStepNs: 100 }],
  [0x58465342, { ...FULL, clones: true }],
  [0x9123683e, { ...FULL, isPlain: false, clones: true }],
  [0xca451a4e, { ...FULL, isPlain: false, clones: true }],
  [0x2fc12fc1, { ...FULL, isPlain: false }],
  // What lies behind these is not seen.
  [0x65735546, { ...FULL, isPlain: false }],
  [OVERLAY, { ...FULL, isPlain: false, isLayered: true }],
])

const EXT = 0xef53

/** statvfs(3). */
const ST_NODEV = 4

/**
 * @param fd an open directory on it
 * @param usesReserve whether this process may use the blocks that are kept for the system
 * @throws HostError
 */
export function readFilesystem(fd: number, path: Uint8Array, usesReserve: boolean): Filesystem {
  const own = check('open', path, () => libc.openat(fd, nameAddress(HERE), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0))
  try {
    check('statfs', path, () => libc.fstatfs(own, addressOf(statfs)))
    const type = Number(statfs[0]! & 0xffffffffn)
    const number = (k: number): number => Number(statfs[k]!)
    const blockBytes = number(FRAGMENT) || number(BLOCK)
    const traits = type === EXT ? extTraits(own, number(BLOCK)) : (traitsByType.get(type) ?? FULL)
    return {
      ...traits,
      lacksXattrs: [...traits.lacksXattrs, ...lacksXattrsOf(own)],
      blockBytes,
      freeBytes: number(BLOCKS) === 0 ? null : number(usesReserve ? FREE : AVAILABLE) * blockBytes,
      freeInodes: number(INODES) === 0 ? null : number(FREE_INODES),
      nameBytesMax: number(NAME_MAX) || Number.MAX_SAFE_INTEGER,
      isNoDev: (number(FLAGS) & ST_NODEV) !== 0,
      mayFold: !neverFolding.has(type) && (!foldingByKernel.has(type) || existsSync(UNICODE)),
    }
  } finally {
    libc.close(own)
  }
}

/** By f_type: btrfs and XFS; and those that fold where the kernel knows of Unicode: ext4, f2fs, tmpfs, overlayfs. */
const neverFolding: ReadonlySet<number> = new Set([0x9123683e, 0x58465342])
const foldingByKernel: ReadonlySet<number> = new Set([EXT, 0xf2f52010, 0x01021994, OVERLAY])
const UNICODE = '/sys/fs/unicode'

const HERE = Buffer.from('.')
/** struct statfs of 64-bit Linux: all fields but f_fsid, at 7, are 64 bits. */
const statfs = new BigUint64Array(16)
const BLOCK = 1
const BLOCKS = 2
const FREE = 3
const AVAILABLE = 4
const INODES = 5
const FREE_INODES = 6
const NAME_MAX = 8
const FRAGMENT = 9
const FLAGS = 10

/**
 * Extents of ext4 count blocks in 32 bits; without extents less is possible. Inodes of 128 bytes have whole seconds of 32 bits, and no
 * room for when they were made; larger ones have two bits more.
 */
function extTraits(fd: number, blockBytes: number): Traits {
  const traits = { ...FULL, timeMinSec: -(2 ** 31), fileBytesMax: 2 ** 32 * blockBytes - blockBytes }
  if (hasBirthTime(fd)) return { ...traits, timeMaxSec: 2 ** 34 - 2 ** 31 - 1 }
  return { ...traits, timeMaxSec: 2 ** 31 - 1, timeStepNs: 1e9 }
}

const NAMESPACES = ['user.', 'trusted.', 'security.', 'system.posix_acl_']
/** An attribute of each: any that is not there, but ACLs have fixed names. */
const ASKED = ['user.fs-changeset', 'trusted.fs-changeset', 'security.fs-changeset', 'system.posix_acl_access']

/** An attribute that could be there is answered with ENODATA. */
function lacksXattrsOf(fd: number): string[] {
  const value = addressOf(buffer)
  if (retry(() => libc.flistxattr(fd, value, buffer.length)) === -1 && libc.errno() === Errno.ENOTSUP) return ['']
  return NAMESPACES.filter((_, k) => {
    const name = nameAddress(Buffer.from(ASKED[k]!))
    return retry(() => libc.fgetxattr(fd, name, value, buffer.length)) === -1 && libc.errno() === Errno.ENOTSUP
  })
}

const buffer = new Uint8Array(1 << 16)
