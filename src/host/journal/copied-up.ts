/**
 * What an overlay filesystem has made of entries that came up from a lower layer since they were checked (commit/copy-up.ts): a
 * directory is another inode, a file may be. Kept in the stage beside the journal, whose frames are corrected by it as they are read.
 */
import { removeTree } from '../entry/remove-tree.ts'
import { makeFile, readFile } from '../entry/small-file.ts'
import { nameAddress } from '../native/c-string.ts'
import { check } from '../native/call.ts'
import { libc } from '../native/libc.ts'
import type { Frame } from './journal-frame.ts'

/** Its file in the stage. Once it is there, nothing more is to be copied up. */
export const COPIED_UP = Buffer.from('copied-up')

/** The same while it is written. */
export const PART = Buffer.from('copied-up.part')

/** Rows of five numbers, in the order of ordinals: ordinal, inode number, seconds and nanoseconds of the ctime, number of links. */
export type CopiedUp = BigUint64Array<ArrayBuffer>

const WIDTH = 5

/** A row of CopiedUp. */
export function copiedUpRow(
  ordinal: number,
  ino: bigint,
  ctimeSec: number,
  ctimeNsec: number,
  nlink: number,
): bigint[] {
  return [BigInt(ordinal), ino, BigInt.asUintN(64, BigInt(ctimeSec)), BigInt(ctimeNsec), BigInt(nlink)]
}

/** Writes the file: it is there whole and durable, or not. @throws HostError */
export function saveCopiedUp(copiedUp: CopiedUp, stageFd: number, path: Uint8Array): void {
  removeTree(stageFd, PART, path)
  makeFile(stageFd, PART, new Uint8Array(copiedUp.buffer), path)
  check('syncfs', path, () => libc.syncfs(stageFd))
  check('rename', path, () => libc.renameat2(stageFd, nameAddress(PART), stageFd, nameAddress(COPIED_UP), 0))
  check('fsync', path, () => libc.fsync(stageFd))
}

/** Reads the file; null where there is none. @throws HostError */
export function loadCopiedUp(stageFd: number, path: Uint8Array): CopiedUp | null {
  const bytes = readFile(stageFd, COPIED_UP, path)
  return bytes === null ? null : new BigUint64Array(bytes.slice().buffer)
}

/** Gives the rows of a frame what they are now. */
export function correctFrame({ batch, firstOrdinal }: Frame, copiedUp: CopiedUp): void {
  const hints = batch.seen?.hints ?? null
  if (hints === null) return
  const end = firstOrdinal + batch.rowCount
  for (let k = firstAt(copiedUp, firstOrdinal); k < copiedUp.length; k += WIDTH) {
    const i = Number(copiedUp[k]!) - firstOrdinal
    if (firstOrdinal + i >= end) return
    hints.ino[i] = copiedUp[k + 1]!
    hints.ctimeSec[i] = Number(BigInt.asIntN(64, copiedUp[k + 2]!))
    hints.ctimeNsec[i] = Number(copiedUp[k + 3]!)
    hints.nlink[i] = Number(copiedUp[k + 4]!)
  }
}

/** Index of the first row whose ordinal is not less. */
function firstAt(copiedUp: CopiedUp, ordinal: number): number {
  let low = 0
  let high = copiedUp.length / WIDTH
  while (low < high) {
    const middle = (low + high) >>> 1
    if (copiedUp[middle * WIDTH]! < ordinal) low = middle + 1
    else high = middle
  }
  return low * WIDTH
}
