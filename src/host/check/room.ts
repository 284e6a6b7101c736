/**
 * How much room the rows need: for contents and new entries, with nothing taken off for what goes, since that is kept until
 * all is done. Where the target's filesystem has less, nothing needs to be tried.
 */
import { Kind } from '../../base/constants.ts'
import { EMPTY, optionalBytesAt } from '../../model/bytes-column.ts'
import { decodeHoles } from '../../model/holes.ts'
import type { Filesystem } from '../entry/filesystem.ts'
import { type Frame, Op } from '../journal/journal-frame.ts'
import { addProblem, type Findings } from '../target/findings.ts'

export type Room = {
  filesystem: Filesystem
  neededBytes: number
  neededInodes: number
}

export function createRoom(filesystem: Filesystem): Room {
  return { filesystem, neededBytes: 0, neededInodes: 0 }
}

/** Adds what the rows of a decided frame need. */
export function addFrame(room: Room, { batch, op }: Frame): void {
  const { after } = batch
  if (after === null) return
  const { blockBytes, clones } = room.filesystem
  const writes = clones ? Op.content : Op.content | Op.copy
  for (let i = 0; i < op.length; i++) {
    if (!isNew(op[i]!)) continue
    room.neededInodes++
    if (after.kind[i] !== Kind.file || (op[i]! & writes) === 0) continue
    const bytes = after.size[i]! - holeBytes(optionalBytesAt(after.hints?.holes ?? null, i))
    room.neededBytes += Math.ceil(bytes / blockBytes) * blockBytes
  }
}

/** True where the operations make an entry that takes an inode. */
export function isNew(op: number): boolean {
  return (op & (Op.in | Op.swap | Op.inside)) !== 0 && (op & (Op.link | Op.moved)) === 0
}

function holeBytes(holes: Uint8Array): number {
  return holes.length === 0 ? 0 : decodeHoles(holes).reduce((sum, { length }) => sum + length, 0)
}

/** True where it is known that the filesystem has not as much. */
export function isShort(room: Room): boolean {
  return shortages(room).length > 0
}

/** Says so, with how much it is. */
export function reportShort(room: Room, findings: Findings): void {
  for (const detail of shortages(room)) addProblem(findings, 'cannot-hold', EMPTY, detail)
}

function shortages({ filesystem, neededBytes, neededInodes }: Room): string[] {
  const { freeBytes, freeInodes, isPlain } = filesystem
  const details: string[] = []
  if (isPlain && freeBytes !== null && neededBytes > freeBytes)
    details.push(`${neededBytes} bytes are needed, ${freeBytes} are free`)
  if (freeInodes !== null && neededInodes > freeInodes) {
    details.push(`${neededInodes} inodes are needed, ${freeInodes} are free`)
  }
  return details
}
