/** Where things are in the stage: new/<ordinal> of the row, or within the staged directory of a row above; old/<ordinal>. */
import { Kind, State } from '../../base/constants.ts'
import { pathAt } from '../../model/batch.ts'
import { bytesAt, optionalBytesAt } from '../../model/bytes-column.ts'
import { type Found, findOrdinal, findRow, type Journal } from './journal.ts'
import { findAbove } from './journal-above.ts'
import { type Frame, Op } from './journal-frame.ts'
import { Dir } from './lineage.ts'

/** A name in a directory below new/. */
export type StagePlace = { dir: Uint8Array; name: Uint8Array }

/** The name of a row's entry in new/ and old/. */
export function ordinalName(ordinal: number): Uint8Array {
  return Buffer.from(String(ordinal), 'latin1')
}

/** The directory below new/ in which the rows of directory d are staged; empty for new/ itself. */
export function stageDirOf(frame: Frame, d: number): Uint8Array {
  const root = frame.dirs.stageRoot[d]!
  if (root < 0) return new Uint8Array(0)
  const rest = bytesAt(frame.batch.dirs, d).subarray(frame.dirs.stageRootLength[d]!)
  return Buffer.concat([ordinalName(root), rest])
}

/** Where row i, which lies in directory d, is staged. */
export function stagePlaceOf(frame: Frame, d: number, i: number): StagePlace {
  if (isInside(frame, d, i)) return { dir: stageDirOf(frame, d), name: bytesAt(frame.batch.names, i) }
  return { dir: new Uint8Array(0), name: ordinalName(frame.firstOrdinal + i) }
}

/** True for a row that is staged within the staged directory it lies in. */
export function isInside(frame: Frame, d: number, i: number): boolean {
  return (frame.dirs.flags[d]! & Dir.staged) !== 0 && (frame.op[i]! & Op.inside) !== 0
}

/** How what is made for a row of directory d, with bits `made`, gets there: with the staged directory that it lies in, or by itself. */
export function installBits({ dirs }: Frame, d: number, made: number): number {
  const isInStage = (dirs.flags[d]! & Dir.staged) !== 0
  return (isInStage && (made & Op.moved) === 0 ? Op.inside : Op.in) | made
}

/** Where the entry is now that will be at a path afterwards. */
export type Location = { in: 'stage'; found: Found; place: StagePlace } | { in: 'target'; path: Uint8Array }

/**
 * Finds that place. Of a path without a row nothing changes, unless a directory above it is made or moved.
 * @returns null where nothing will be at the path, or nothing that is certain
 * @throws HostError
 */
export function locateAfter(journal: Journal, path: Uint8Array): Location | null {
  const found = findRow(journal, path)
  return found === null ? locateUnnamed(journal, path) : locateRow(journal, path, found)
}

function locateRow(journal: Journal, path: Uint8Array, found: Found): Location | null {
  const { frame, d, i } = found
  const after = frame.batch.after
  const op = frame.op[i]!
  if (after === null || after.kind[i] === Kind.absent) return null
  if ((op & Op.moved) !== 0) return { in: 'target', path: optionalBytesAt(after.moved, i) }
  if ((op & Op.link) !== 0) return locateFirst(journal, optionalBytesAt(after.link, i))
  if ((op & (Op.in | Op.swap | Op.inside)) !== 0) return { in: 'stage', found, place: stagePlaceOf(frame, d, i) }
  const state = frame.batch.state![i]!
  return state === State.do || state === State.done ? { in: 'target', path } : null
}

/** The first name of a group is no further name of another: chains of links are not followed. */
function locateFirst(journal: Journal, path: Uint8Array): Location | null {
  const found = findRow(journal, path)
  if (found === null) return locateUnnamed(journal, path)
  return (found.frame.op[found.i]! & Op.link) !== 0 ? null : locateRow(journal, path, found)
}

/** The directories above decide: upwards until one has a row. */
function locateUnnamed(journal: Journal, path: Uint8Array): Location | null {
  const above = findAbove(journal, path)
  if (above === null) return { in: 'target', path }
  const { frame, i } = above
  const op = frame.op[i]!
  if ((op & Op.moved) !== 0) {
    const origin = optionalBytesAt(frame.batch.after!.moved, i)
    return { in: 'target', path: Buffer.concat([origin, path.subarray(above.path.length)]) }
  }
  const { after, seen } = frame.batch
  // Where the row is left out, there may be no such directory.
  const staysDirectory = after?.kind[i] === Kind.directory && seen?.kind[i] === Kind.directory
  return staysDirectory && (op & (Op.in | Op.swap | Op.inside)) === 0 ? { in: 'target', path } : null
}

/** The path in the tree of what lies at a path below new/: its first name is the ordinal of a row. */
export function treePathOf(journal: Journal, stagePath: Uint8Array): Uint8Array {
  const slash = stagePath.indexOf(0x2f)
  const end = slash < 0 ? stagePath.length : slash
  const found = findOrdinal(journal, Number(Buffer.from(stagePath.subarray(0, end)).toString('latin1')))
  if (found === null) return stagePath
  return Buffer.concat([pathAt(found.frame.batch, found.d, found.i), stagePath.subarray(end)])
}
