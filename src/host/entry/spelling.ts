/**
 * Whether an entry that is found under a name has that name: where a filesystem takes names in another case, or in another
 * normal form, for the same, it may be the entry of another row, and what was done to it would be done to that.
 */
import { pathKey } from '../../model/path.ts'
import { nameAddress } from '../native/c-string.ts'
import { check } from '../native/call.ts'
import { O_CLOEXEC, O_DIRECTORY, O_RDONLY } from '../native/errno.ts'
import { libc } from '../native/libc.ts'
import { namesOf } from './dir.ts'
import type { Filesystem } from './filesystem.ts'
import { createFoldingFinder } from './fold-names.ts'

/** True where the directory, open if only with O_PATH, lists the name as it is. @throws HostError */
export type IsSpelt = (dirFd: number, dir: Uint8Array, name: Uint8Array) => boolean

/** Null where names are taken as they are: nothing need be asked then. */
export function createSpelling(filesystem: Filesystem): IsSpelt | null {
  if (!filesystem.mayFold) return null
  const foldingOf = createFoldingFinder(filesystem)
  let present: Uint8Array | null = null
  /** Of the present directory; null where it takes names as they are. */
  let names: Set<string> | null = null
  return (dirFd, dir, name) => {
    if (present === null || Buffer.compare(present, dir) !== 0) {
      const { ignoresCase, normalises } = foldingOf(dirFd)
      names = ignoresCase || normalises ? namesIn(dirFd, dir) : null
      present = dir.slice()
    }
    return names?.has(pathKey(name)) ?? true
  }
}

const HERE = Buffer.from('.')

function namesIn(dirFd: number, path: Uint8Array): Set<string> {
  const flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC
  const fd = check('open', path, () => libc.openat(dirFd, nameAddress(HERE), flags, 0))
  try {
    return new Set(namesOf(fd, path).map(pathKey))
  } finally {
    libc.close(fd)
  }
}
