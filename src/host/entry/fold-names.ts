/**
 * Whether two names are one in a directory: where the filesystem, or that directory alone, ignores case or normal forms. Found
 * out without writing.
 */
import { keyPath, pathKey } from '../../model/path.ts'
import { nameAddress } from '../native/c-string.ts'
import { retry } from '../native/call.ts'
import { FS_CASEFOLD_FL, FS_IOC_GETFLAGS, O_CLOEXEC, O_DIRECTORY, O_RDONLY } from '../native/errno.ts'
import { addressOf, libc } from '../native/libc.ts'
import { listNames } from './dir.ts'
import type { Traits } from './filesystem.ts'
import { statxFd, statxName, stx } from './statx.ts'

export type Folding = Pick<Traits, 'ignoresCase' | 'normalises'>

const NONE: Folding = { ignoresCase: false, normalises: false }

/** Asks directories what they do with names; each is open, if only with O_PATH. */
export function createFoldingFinder(traits: Traits): (dirFd: number) => Folding {
  /** A filesystem that does not tell of its directories is tried once. */
  let probed: Folding | null = null
  return (dirFd) => {
    if (traits.ignoresCase || traits.normalises) return traits
    const known = probed ?? flaggedFolding(dirFd)
    if (known !== null) return known
    probed = { ignoresCase: ignoresCaseIn(dirFd), normalises: false }
    return probed
  }
}

/** What the flags of the directory say; null where it has none. */
function flaggedFolding(dirFd: number): Folding | null {
  const fd = retry(() => libc.openat(dirFd, nameAddress(HERE), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0))
  if (fd === -1) return NONE
  const isKnown = retry(() => libc.ioctl(fd, FS_IOC_GETFLAGS, addressOf(flags))) === 0
  libc.close(fd)
  if (!isKnown) return null
  return (flags[0]! & FS_CASEFOLD_FL) === 0 ? NONE : { ignoresCase: true, normalises: true }
}

const HERE = Buffer.from('.')
const ABOVE = Buffer.from('..')
const flags = new Uint32Array(32)

/** What stands for a name in a directory: equal for names that are one there. */
export function foldedName(name: Uint8Array, { ignoresCase, normalises }: Folding): string {
  const text = Buffer.from(name).toString('utf8')
  // What is no UTF-8 is folded by nobody.
  if (text.includes('\ufffd')) return `\0${Buffer.from(name).toString('latin1')}`
  const form = normalises ? text.normalize('NFD') : text
  return ignoresCase ? form.toUpperCase().toLowerCase() : form
}

/** Whether the directory, or the one it lies in where it has no name that could tell, finds names in another case. */
function ignoresCaseIn(dirFd: number): boolean {
  let device: string | null = null
  for (const name of [HERE, ABOVE]) {
    const fd = retry(() => libc.openat(dirFd, nameAddress(name), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0))
    if (fd === -1) return false
    const own = statxFd(fd) === 0 ? `${stx.devMajor()}:${stx.devMinor()}` : ''
    device ??= own
    const found = own === device ? findsOtherCase(fd) : false
    libc.close(fd)
    if (found !== null) return found
  }
  return false
}

/** Looks an entry up under a name in the other case that no entry has: it is found only where case is ignored. Null: no such name. */
function findsOtherCase(fd: number): boolean | null {
  const names = new Set<string>()
  listNames(fd, (block, start, end) => names.add(pathKey(block.subarray(start, end))))
  for (const key of names) {
    const other = otherCase(keyPath(key))
    if (other !== null && !names.has(pathKey(other))) return statxName(fd, nameAddress(other)) === 0
  }
  return null
}

/** The name with its ASCII letters in the other case; null where it has none. */
function otherCase(name: Uint8Array): Uint8Array | null {
  const other = name.map((byte) => ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a ? byte ^ 0x20 : byte))
  return other.some((byte, i) => byte !== name[i]) ? other : null
}
