/** The holes of a sparse file (lseek(2): SEEK_DATA, SEEK_HOLE), as model/holes.ts encodes them. */
import { Limits } from '../../base/constants.ts'
import { EMPTY } from '../../model/bytes-column.ts'
import { decodeHoles, encodeHoles, type Hole } from '../../model/holes.ts'
import { SEEK_DATA, SEEK_HOLE } from '../native/errno.ts'
import { libc } from '../native/libc.ts'

/** Smaller files are read through: a system call costs as much. */
const SIZE_MIN = 1 << 20
const NONE: readonly Hole[] = []

/** The holes of an open file that need not be read: they are zeros. */
export function findHoles(fd: number, size: number): readonly Hole[] {
  if (size < SIZE_MIN) return NONE
  const holes = readHoles(fd, size)
  return holes.length === 0 ? NONE : decodeHoles(holes)
}

/**
 * @param fd a regular file; its position moves
 * @param size of the file in bytes: nothing at or behind it is recorded
 * @returns at most Limits.holesMax holes; empty where there are none or the filesystem cannot say
 */
export function readHoles(fd: number, size: number): Uint8Array {
  const holes: Hole[] = []
  for (let at = 0; at < size && holes.length < Limits.holesMax; ) {
    const hole = libc.lseek(fd, at, SEEK_HOLE)
    if (hole === -1 || hole >= size) break
    // ENXIO: no data up to the end of the file.
    const data = libc.lseek(fd, hole, SEEK_DATA)
    const end = data === -1 || data > size ? size : data
    // RACE: a file that is changed meanwhile may have lost the hole, or have gained one that adjoins the last.
    const last = holes.at(-1)
    if (last !== undefined && last.offset + last.length === hole) last.length = end - last.offset
    else if (end > hole) holes.push({ offset: hole, length: end - hole })
    at = end
  }
  return holes.length === 0 ? EMPTY : encodeHoles(holes)
}
