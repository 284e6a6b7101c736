/** Directory paths and names of a rows record, front coded (spec §4.3): bytes shared with the one before, then the rest. */
import { Limits } from '../base/constants.ts'
import { FormatError } from '../base/errors.ts'
import { type BytesColumn, lengthAt } from '../model/bytes-column.ts'
import { comparePaths, compareRanges, isName, isPath } from '../model/path.ts'
import { decodePlanes, encodePlanes } from './columns.ts'
import type { FieldReader, FieldWriter } from './fields.ts'

/**
 * Writes `<prefix>Shared`, `<prefix>Lengths` and `<prefix>Bytes`. A string for which `fresh` is 1 shares nothing;
 * every other one shares all that it can.
 */
export function encodeFront(writer: FieldWriter, prefix: string, strings: BytesColumn, fresh: Uint8Array): void {
  const { heap, ends } = strings
  const count = ends.length
  const shared = new Uint32Array(count)
  const lengths = new Uint32Array(count)
  const rest = new Uint8Array(heap.length)
  let used = 0
  for (let i = 0, previous = 0, start = 0; i < count; i++) {
    const end = ends[i]!
    const most = fresh[i] === 1 ? 0 : Math.min(start - previous, end - start)
    let same = 0
    while (same < most && heap[previous + same] === heap[start + same]) same++
    shared[i] = same
    lengths[i] = end - start - same
    for (let from = start + same; from < end; from++) rest[used++] = heap[from]!
    previous = start
    start = end
  }
  writer.put(`${prefix}Shared`, encodePlanes(shared, count)).put(`${prefix}Lengths`, encodePlanes(lengths, count))
  writer.putBytes(`${prefix}Bytes`, rest.subarray(0, used))
}

/**
 * The inverse: the strings written out in full, at most `totalMax` bytes of them, `stringMax` each. Checks the sizes
 * before it allocates, and that nothing shareable is repeated.
 */
export function decodeFront(
  reader: FieldReader,
  prefix: string,
  count: number,
  fresh: Uint8Array,
  stringMax: number,
  totalMax: number,
): BytesColumn {
  const shared = decodeColumn(reader, `${prefix}Shared`, count)
  const lengths = decodeColumn(reader, `${prefix}Lengths`, count)
  const rest = reader.optionalBytes(`${prefix}Bytes`, 1, Limits.frameBytesMax) ?? new Uint8Array(0)
  const total = checkLengths(reader, prefix, shared, lengths, rest.length, stringMax, totalMax)
  const heap = new Uint8Array(total)
  const ends = new Uint32Array(count)
  for (let i = 0, previous = 0, start = 0, used = 0; i < count; i++) {
    const same = shared[i]!
    const length = lengths[i]!
    if (same > start - previous || (fresh[i] === 1 && same > 0)) fail(reader, prefix, 'shares more than there is')
    const repeats = fresh[i] === 0 && length > 0 && same < start - previous && heap[previous + same] === rest[used]
    if (repeats) fail(reader, prefix, 'shares less than there is')
    for (let k = 0; k < same; k++) heap[start + k] = heap[previous + k]!
    for (let k = 0; k < length; k++) heap[start + same + k] = rest[used++]!
    previous = start
    start += same + length
    ends[i] = start
  }
  return { heap, ends }
}

function fail(reader: FieldReader, prefix: string, what: string): never {
  throw new FormatError('bad-column', reader.offset, `${prefix}: ${what}`)
}

function decodeColumn(reader: FieldReader, name: string, count: number): Uint32Array {
  const values = new Uint32Array(count)
  const bytes = reader.optionalBytes(name, 1, Limits.frameBytesMax)
  if (bytes !== null) decodePlanes(bytes, values, count, reader.offset, name)
  return values
}

function checkLengths(
  reader: FieldReader,
  prefix: string,
  shared: Uint32Array,
  lengths: Uint32Array,
  restBytes: number,
  stringMax: number,
  totalMax: number,
): number {
  let total = 0
  let rest = 0
  for (let i = 0; i < shared.length; i++) {
    const length = shared[i]! + lengths[i]!
    if (length > stringMax) throw new FormatError('path-too-long', reader.offset, `${prefix}: ${length} bytes`)
    total += length
    rest += lengths[i]!
  }
  if (total > totalMax) throw new FormatError('path-too-long', reader.offset, `${prefix}: ${total} bytes in all`)
  if (rest !== restBytes) fail(reader, prefix, 'lengths do not add up')
  return total
}

/** Directories ascend strictly and are made of names (spec §6). */
export function checkDirs(dirs: BytesColumn, offset: number): void {
  let previous: Uint8Array | null = null
  for (let d = 0, start = 0; d < dirs.ends.length; d++) {
    const path = dirs.heap.subarray(start, dirs.ends[d]!)
    if (!isPath(path)) throw new FormatError('bad-name', offset, 'a directory path is not made of names')
    if (previous !== null && comparePaths(previous, path) >= 0)
      throw new FormatError('out-of-order', offset, 'directories')
    previous = path
    start = dirs.ends[d]!
  }
}

/**
 * Names ascend strictly within their directory and are names; only the root directory may begin with the empty one.
 * Directory and name make a path within the limit.
 */
export function checkNames(names: BytesColumn, dirs: BytesColumn, dirRowEnds: Uint32Array, offset: number): void {
  const { heap, ends } = names
  for (let d = 0, i = 0; d < dirRowEnds.length; d++) {
    const first = i
    const nameRoom = Limits.pathBytesMax - 1 - lengthAt(dirs, d)
    for (; i < dirRowEnds[d]!; i++) {
      const start = i === 0 ? 0 : ends[i - 1]!
      const isRoot = i === 0 && start === ends[i] && dirs.ends[0] === 0
      if (!isRoot && !isName(heap, start, ends[i]!)) throw new FormatError('bad-name', offset, `row ${i}`)
      if (ends[i]! - start > nameRoom) throw new FormatError('path-too-long', offset, `row ${i}`)
      if (i === first) continue
      const previous = i === 1 ? 0 : ends[i - 2]!
      if (compareRanges(heap, previous, start, heap, start, ends[i]!) >= 0) {
        throw new FormatError('out-of-order', offset, `row ${i}`)
      }
    }
  }
}
