/** Regular files as a scan saw them, in row order, in a form that crosses threads: what is to be hashed. */
import type { Batch } from '../../model/batch.ts'
import { type BytesColumn, BytesColumnBuilder, bytesAt, startOf } from '../../model/bytes-column.ts'
import { dirIndexOf } from '../../model/splice.ts'

export type FileList = {
  count: number
  /** Directories and where their files end in the list. */
  dirs: BytesColumn
  dirEnds: Uint32Array
  names: BytesColumn
  size: Float64Array
  mtimeSec: Float64Array
  mtimeNsec: Uint32Array
  ctimeSec: Float64Array
  ctimeNsec: Uint32Array
  /** Low and high half of each inode number. */
  inoHalves: Uint32Array
}

/** The given rows of a batch, ascending, whose after side is a regular file with hints. */
export function listFiles(batch: Batch, rows: Uint32Array): FileList {
  const after = batch.after!
  const hints = after.hints!
  const dirs = new BytesColumnBuilder()
  const dirEnds: number[] = []
  const names = new BytesColumnBuilder()
  let d = -1
  // By index: an iterator over entries would make an array a file.
  for (let k = 0; k < rows.length; k++) {
    const i = rows[k]!
    if (d < 0 || i >= batch.dirRowEnds[d]!) {
      if (d >= 0) dirEnds.push(k)
      d = dirIndexOf(batch, i)
      dirs.push(bytesAt(batch.dirs, d))
    }
    names.pushRange(batch.names.heap, startOf(batch.names, i), batch.names.ends[i]!)
  }
  dirEnds.push(rows.length)
  return {
    count: rows.length,
    dirs: dirs.take(),
    dirEnds: Uint32Array.from(dirEnds),
    names: names.take(),
    size: picked(new Float64Array(rows.length), after.size, rows),
    mtimeSec: picked(new Float64Array(rows.length), after.mtimeSec, rows),
    mtimeNsec: picked(new Uint32Array(rows.length), after.mtimeNsec, rows),
    ctimeSec: picked(new Float64Array(rows.length), hints.ctimeSec, rows),
    ctimeNsec: picked(new Uint32Array(rows.length), hints.ctimeNsec, rows),
    inoHalves: pickHalves(hints.ino, rows),
  }
}

function picked<C extends Float64Array | Uint32Array>(target: C, column: C, rows: Uint32Array): C {
  for (let k = 0; k < rows.length; k++) target[k] = column[rows[k]!]!
  return target
}

function pickHalves(ino: BigUint64Array, rows: Uint32Array): Uint32Array {
  const halves = new Uint32Array(ino.buffer, ino.byteOffset, ino.length * 2)
  const picked = new Uint32Array(rows.length * 2)
  for (let k = 0; k < rows.length; k++) {
    picked[2 * k] = halves[2 * rows[k]!]!
    picked[2 * k + 1] = halves[2 * rows[k]! + 1]!
  }
  return picked
}
