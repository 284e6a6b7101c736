/**
 * What is at the names of a batch, seen ahead of the comparison (check.ts) and in any thread. What could not be seen is left
 * to be looked at again, by whoever knows what to say of it.
 */
import { Kind } from '../../base/constants.ts'
import { type BytesColumn, bytesAt } from '../../model/bytes-column.ts'
import type { Entries } from '../../model/entries.ts'
import { EntriesBuilder } from '../../model/entries-builder.ts'
import { joinPath } from '../../model/path.ts'
import { readLink } from '../entry/see.ts'
import { statxName, statxRow } from '../entry/statx.ts'
import { deviceKey, XattrReader } from '../entry/xattr-reader.ts'
import { rangeAddress } from '../native/c-string.ts'
import { retry } from '../native/call.ts'
import { Errno } from '../native/errno.ts'
import { libc } from '../native/libc.ts'
import { type Cursor, closeCursor, createCursor, enter } from '../target/target-cursor.ts'

/** The names of a batch: its columns of that name. */
export type Places = { dirs: BytesColumn; dirRowEnds: Uint32Array; names: BytesColumn }

export type Glance = {
  /** 1 for a row that was seen, be it that nothing is there. */
  isSeen: Uint8Array
  /** What is there; null where there is nothing at all. */
  seen: Entries | null
}

const DOT = Buffer.from('.')

export class Looker {
  readonly #cursor: Cursor
  readonly #xattrs: XattrReader | null
  readonly #seen = new EntriesBuilder()

  /**
   * @param rootFd the target's root; stays the caller's
   * @param ownsThread whether this thread may leave the process's working directory
   */
  constructor(rootFd: number, withXattrs: boolean, ownsThread: boolean) {
    this.#cursor = createCursor(rootFd)
    this.#xattrs = withXattrs ? new XattrReader(rootFd, ownsThread) : null
  }

  /** Looks at all names. @throws HostError */
  glance({ dirs, dirRowEnds, names }: Places): Glance {
    const rowCount = names.ends.length
    const isSeen = new Uint8Array(rowCount)
    for (let d = 0, i = 0; d < dirRowEnds.length; d++) {
      const dir = bytesAt(dirs, d)
      const fd = enter(this.#cursor, dir)
      if (fd !== -1) this.#xattrs?.enter(fd)
      for (; i < dirRowEnds[d]!; i++) if (fd !== -1 && this.#look(fd, dir, names, i)) isSeen[i] = 1
    }
    return { isSeen, seen: this.#seen.take(rowCount) }
  }

  close(): void {
    closeCursor(this.#cursor)
  }

  #look(fd: number, dir: Uint8Array, { heap, ends }: BytesColumn, i: number): boolean {
    const start = i === 0 ? 0 : ends[i - 1]!
    const end = ends[i]!
    // The root is seen through itself: its row has no name.
    const isRoot = start === end
    const address = isRoot ? rangeAddress(DOT, 0, 1) : rangeAddress(heap, start, end)
    if (retry(() => statxName(fd, address)) !== 0) return libc.errno() === Errno.ENOENT
    const seen = this.#seen
    statxRow(seen, i)
    if (this.#xattrs !== null) {
      const device = deviceKey(seen.devMajor[i]!, seen.devMinor[i]!)
      const [bytes, from, to] = isRoot ? [DOT, 0, 1] : [heap, start, end]
      const found = this.#xattrs.ofName(rangeAddress(bytes, from, to), bytes, from, to, device)
      if (found === null) {
        seen.clear(i)
        return false
      }
      seen.setXattrs(i, found)
    }
    if (seen.kind[i] === Kind.symlink) {
      const name = heap.subarray(start, end)
      seen.setTarget(i, readLink(fd, name, joinPath(dir, name)))
    }
    return true
  }
}

/** A copy of what a thread needs to know of a batch. */
export function placesOf({ dirs, dirRowEnds, names }: Places): Places {
  return { dirs: copyOf(dirs), dirRowEnds: dirRowEnds.slice(), names: copyOf(names) }
}

function copyOf({ heap, ends }: BytesColumn): BytesColumn {
  return { heap: heap.slice(), ends: ends.slice() }
}
