/**
 * What of the rows the target cannot hold, said before anything is tried: names, kinds and sizes that its filesystem does not
 * take, mount points in the way. What it keeps of metadata is the keeper's to know (keeper.ts). Reads only.
 */
import { Kind, State } from '../../base/constants.ts'
import { bytesAt, optionalBytesAt } from '../../model/bytes-column.ts'
import type { Entries } from '../../model/entries.ts'
import { quotePath } from '../../model/escape.ts'
import { compareBytes, joinPath } from '../../model/path.ts'
import { isMountPoint } from '../entry/beneath.ts'
import type { Filesystem } from '../entry/filesystem.ts'
import { createFoldingFinder, type Folding, foldedName } from '../entry/fold-names.ts'
import { type Frame, Op } from '../journal/journal-frame.ts'
import { addProblem, type Findings } from '../target/findings.ts'
import { type Keeper, lose } from '../target/keeper.ts'
import { hasMountsBelow } from '../target/mounts-below.ts'
import type { Target } from '../target/target.ts'
import { type Cursor, closeCursor, createCursor, enter } from '../target/target-cursor.ts'

export type Holder = {
  filesystem: Filesystem
  target: Target
  keeper: Keeper
  findings: Findings
  /** Over the target, for asking its directories. */
  cursor: Cursor
  /** The directory whose new names are being collected, by what they are there; null where no two can be one. */
  dir: Uint8Array | null
  folding: Folding | null
  foldingOf: (dirFd: number) => Folding
  names: Map<string, Uint8Array>
  /** Whether anything is mounted below the target; null until a row asks. */
  hasMounts: boolean | null
}

/** New names of one directory that are compared; what comes behind is not looked at. */
const NAMES_MAX = 1 << 20

/** @throws HostError */
export function createHolder(filesystem: Filesystem, target: Target, keeper: Keeper, findings: Findings): Holder {
  return {
    filesystem,
    target,
    keeper,
    findings,
    cursor: createCursor(target.fd),
    dir: null,
    folding: null,
    foldingOf: createFoldingFinder(filesystem),
    names: new Map(),
    hasMounts: null,
  }
}

/** Says of each row of a decided frame what of it cannot be there. */
export function checkHolds(holder: Holder, frame: Frame): void {
  const { batch, op } = frame
  for (let d = 0, i = 0; d < batch.dirRowEnds.length; d++) {
    for (; i < batch.dirRowEnds[d]!; i++) {
      if (op[i] === 0 || !isWork(frame, i)) continue
      const dir = bytesAt(batch.dirs, d)
      const name = bytesAt(batch.names, i)
      const path = (): Uint8Array => joinPath(dir, name)
      const { after } = batch
      if (after === null || after.kind[i] === Kind.absent) continue
      if ((op[i]! & INSTALLS) !== 0) checkName(holder, dir, name)
      if ((op[i]! & INSTALLS) !== 0 && (op[i]! & Op.moved) === 0) checkObject(holder, after, i, op[i]!, path)
      countShut(holder, after.kind[i]!, path)
    }
  }
}

/**
 * Says of each row that would displace a mount point that this cannot be, which a commit would be told by EBUSY. Directories that go
 * have been looked into before, which tells of mounts as well.
 */
export function checkMounts(holder: Holder, { batch, op }: Frame): void {
  const { seen } = batch
  if (seen === null) return
  for (let d = 0, i = 0; d < batch.dirRowEnds.length; d++) {
    for (; i < batch.dirRowEnds[d]!; i++) {
      if ((op[i]! & DISPLACES) === 0 || seen.kind[i] === Kind.absent) continue
      const isMovedAway = optionalBytesAt(batch.before?.moved ?? null, i).length > 0
      if (seen.kind[i] === Kind.directory && !isMovedAway) continue
      holder.hasMounts ??= hasMountsBelow(holder.target.fd)
      if (!holder.hasMounts) return
      const path = joinPath(bytesAt(batch.dirs, d), bytesAt(batch.names, i))
      if (isMountPoint(holder.target.fd, path)) addProblem(holder.findings, 'other-filesystem', path, 'EXDEV')
    }
  }
}

export function closeHolder(holder: Holder): void {
  closeCursor(holder.cursor)
}

const INSTALLS = Op.in | Op.swap | Op.inside
const DISPLACES = Op.out | Op.swap

/** The time of a directory that holds is set again: that alone is no work. */
function isWork({ batch, op }: Frame, i: number): boolean {
  return op[i] !== Op.meta || batch.state![i] !== State.done
}

function cannotHold({ findings }: Holder, path: Uint8Array, detail: string): void {
  addProblem(findings, 'cannot-hold', path, detail)
}

function checkName(holder: Holder, dir: Uint8Array, name: Uint8Array): void {
  const { nameBytesMax, badName } = holder.filesystem
  if (name.length > nameBytesMax) cannotHold(holder, joinPath(dir, name), 'ENAMETOOLONG')
  if (badName?.test(Buffer.from(name).toString('utf8'))) {
    cannotHold(holder, joinPath(dir, name), 'a name that this filesystem does not have')
  }
  const folding = enterDir(holder, dir)
  if (folding === null) return
  const key = foldedName(name, folding)
  const other = holder.names.get(key)
  if (other !== undefined) {
    cannotHold(holder, joinPath(dir, name), `the same name there as ${quotePath(other)}`)
  } else if (holder.names.size < NAMES_MAX) {
    holder.names.set(key, name.slice())
  }
}

/** How the directory of the next row folds names; null where it does not. */
function enterDir(holder: Holder, dir: Uint8Array): Folding | null {
  if (holder.dir !== null && compareBytes(dir, holder.dir) === 0) return holder.folding
  holder.dir = dir.slice()
  holder.names = new Map()
  // What is not there yet is made in the stage, which is a directory of the root and takes after it.
  const own = holder.target.fd === -1 ? -1 : enter(holder.cursor, dir)
  const fd = own !== -1 ? own : holder.target.fd !== -1 ? holder.target.fd : holder.target.parentFd
  const folding = holder.foldingOf(fd)
  holder.folding = folding.ignoresCase || folding.normalises ? folding : null
  return holder.folding
}

const special: readonly number[] = [Kind.fifo, Kind.socket, Kind.char, Kind.block]

function checkObject(holder: Holder, after: Entries, i: number, op: number, path: () => Uint8Array): void {
  const { lacks, fileBytesMax } = holder.filesystem
  const kind = after.kind[i]!
  if ((op & Op.link) !== 0 && lacks.has('links')) cannotHold(holder, path(), 'no hard links there')
  else if (kind === Kind.symlink && lacks.has('symlinks')) cannotHold(holder, path(), 'no symlinks there')
  else if (special.includes(kind) && lacks.has('devices')) cannotHold(holder, path(), 'no special files there')
  if (kind === Kind.file && after.size[i]! > fileBytesMax) cannotHold(holder, path(), 'EFBIG')
}

/** A device that is made all the same. */
function countShut({ filesystem, keeper }: Holder, kind: number, path: () => Uint8Array): void {
  const isDevice = kind === Kind.char || kind === Kind.block
  if (isDevice && filesystem.isNoDev) lose(keeper, 'devices', path)
}
