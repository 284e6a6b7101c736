/** Where a file is to be written later: whether that can be, and in which tree it would lie. */
import { realpathSync } from 'node:fs'
import { isWithin, splitNamed } from '../../model/path.ts'
import { hostError, pathKind } from './stdio.ts'
import { createWholeFile } from './whole-file.ts'

/** Makes sure that a file can be made, and leaves no trace of it. Pipes and devices are not asked. @throws HostError */
export function checkPlace(path: Uint8Array): void {
  if (pathKind(path) === 'other') return
  const file = createWholeFile(path)
  file.open()
  file.abandon()
}

/** The absolute path at which the file is, or will be, whatever symbolic links lead there. @throws HostError */
export function placeOf(path: Uint8Array): Uint8Array {
  if (pathKind(path) !== null) return realPath(path)
  const { dir, name } = splitNamed(path)
  const parent = realPath(dir)
  return Buffer.concat([parent, ...(parent.length === 1 ? [] : [Buffer.from('/')]), name])
}

/** True where the place lies in a directory that is there; all of a system lies in its root, which is no directory to lie outside of. */
export function isPlaceIn(place: Uint8Array, dir: Uint8Array): boolean {
  if (pathKind(dir) !== 'directory') return false
  const root = realPath(dir)
  return root.length > 1 && isWithin(place, root)
}

function realPath(path: Uint8Array): Buffer {
  try {
    return realpathSync(Buffer.from(path), { encoding: 'buffer' })
  } catch (error) {
    throw hostError(error, 'realpath', path)
  }
}
