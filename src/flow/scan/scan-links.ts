/** Hard links of a scan (spec §5.1, column link): the names of a group behind its first name say what that was. */
import { Kind } from '../../base/constants.ts'
import { type Batch, dirRowStart } from '../../model/batch.ts'
import { BytesColumnBuilder, bytesAt, EMPTY, optionalBytesAt } from '../../model/bytes-column.ts'
import { contentAt, type Entries, type Hints, hasContent, ID_BYTES } from '../../model/entries.ts'
import { InodeTable } from '../../model/inode-table.ts'

/** One number below 2^32 for each device of a scan. */
class DeviceNumbers {
  readonly #numbers = new Map<number, number>()
  #lastMajor = -1
  #lastMinor = -1
  #last = 0

  of(major: number, minor: number): number {
    if (major === this.#lastMajor && minor === this.#lastMinor) return this.#last
    const key = major * 2 ** 32 + minor
    const number = this.#numbers.get(key) ?? this.#numbers.size
    this.#numbers.set(key, number)
    this.#lastMajor = major
    this.#lastMinor = minor
    this.#last = number
    return number
  }
}

/** Calls `visit` for each row of an inode with several names: what is no directory, in row order. */
function forEachLinked(batch: Batch, visit: (after: Entries, hints: Hints, d: number, i: number) => void): void {
  const after = batch.after!
  const hints = after.hints!
  for (let d = 0; d < batch.dirRowEnds.length; d++) {
    for (let i = dirRowStart(batch, d); i < batch.dirRowEnds[d]!; i++) {
      if (hints.nlink[i]! > 1 && after.kind[i] !== Kind.directory) visit(after, hints, d, i)
    }
  }
}

/** The halves of inode numbers. */
function inoHalves(hints: Hints): Uint32Array {
  return new Uint32Array(hints.ino.buffer, hints.ino.byteOffset, hints.ino.length * 2)
}

/** Fills the column link of batches that come in row order. Remembers only groups of which names are still to come. */
export class LinkNames {
  readonly #table = new InodeTable()
  readonly #devices = new DeviceNumbers()

  fill(batch: Batch): void {
    const links = new BytesColumnBuilder()
    forEachLinked(batch, (_after, hints, d, i) => {
      const device = this.#devices.of(hints.devMajor[i]!, hints.devMinor[i]!)
      const halves = inoHalves(hints)
      const dir = bytesAt(batch.dirs, d)
      const name = bytesAt(batch.names, i)
      const first = this.#table.meet(halves[2 * i]!, halves[2 * i + 1]!, device, hints.nlink[i]!, dir, name)
      if (first === null) return
      links.padTo(i)
      links.push(first)
    })
    if (links.count === 0) return
    links.padTo(batch.rowCount)
    batch.after!.link = links.take()
  }
}

/** Gives the later names of a group the content id of its first, in batches that come in row order. */
export class LinkIds {
  readonly #table = new InodeTable()
  readonly #devices = new DeviceNumbers()

  /** @returns rows whose id is not known because that of the first name is not */
  fill(batch: Batch): number[] {
    const unknown: number[] = []
    forEachLinked(batch, (after, hints, _d, i) => {
      if (after.kind[i] !== Kind.file) return
      const device = this.#devices.of(hints.devMajor[i]!, hints.devMinor[i]!)
      const halves = inoHalves(hints)
      const id = contentAt(after, i)
      const first = this.#table.meet(halves[2 * i]!, halves[2 * i + 1]!, device, hints.nlink[i]!, EMPTY, id)
      if (optionalBytesAt(after.link, i).length === 0 || hasContent(after, i)) return
      if (first !== null && first.length === ID_BYTES) setContent(after, i, first)
      else unknown.push(i)
    })
    return unknown
  }
}

/** Sets the content id of row i. */
export function setContent(entries: Entries, i: number, id: Uint8Array): void {
  entries.content ??= new Uint8Array(entries.count * ID_BYTES)
  entries.content.set(id, i * ID_BYTES)
}

/** Sets the content ids of rows: those of `ids` one after the other, zero where there is none. */
export function setContents(entries: Entries, rows: Uint32Array, ids: Uint8Array): void {
  entries.content ??= new Uint8Array(entries.count * ID_BYTES)
  const { content } = entries
  for (let k = 0; k < rows.length; k++) {
    const from = k * ID_BYTES
    const to = rows[k]! * ID_BYTES
    for (let b = 0; b < ID_BYTES; b++) content[to + b] = ids[from + b]!
  }
}
