/** What is left to do in the stage when all rows and contents are there: hard links, directories' metadata, the disk. */
import { Kind } from '../../base/constants.ts'
import { optionalBytesAt } from '../../model/bytes-column.ts'
import { splitPath } from '../../model/path.ts'
import type { NameIn } from '../entry/rename.ts'
import { findRow } from '../journal/journal.ts'
import { type Frame, Op } from '../journal/journal-frame.ts'
import { forEachDir, forEachDirBackward } from '../journal/journal-walk.ts'
import { type Location, locateAfter, stageDirOf } from '../journal/stage-place.ts'
import { nameAddress } from '../native/c-string.ts'
import { check, hostError } from '../native/call.ts'
import { Errno } from '../native/errno.ts'
import { libc } from '../native/libc.ts'
import type { Stage } from '../stage/stage.ts'
import { enterStage, rowPath } from '../stage/stage-object.ts'
import { presentNew, setMetadata, setMode } from '../target/metadata.ts'
import { type Cursor, closeCursor, createCursor, enter } from '../target/target-cursor.ts'
import { isHeldOpen } from './commit-metadata.ts'

/** Makes the further names of hard-link groups, in the stage. @throws HostError */
export function makeLinks(stage: Stage): void {
  const target = createCursor(stage.target.fd)
  const staged = createCursor(stage.newFd)
  try {
    forEachDir(stage.journal, (frame, d, first, end) => {
      for (let i = first; i < end; i++) {
        if ((frame.op[i]! & Op.link) !== 0) makeLink(stage, target, staged, frame, d, i)
      }
    })
  } finally {
    closeCursor(target)
    closeCursor(staged)
  }
}

function makeLink(stage: Stage, target: Cursor, staged: Cursor, frame: Frame, d: number, i: number): void {
  const row = { frame, d, i }
  const path = rowPath(row)
  const location = locateAfter(stage.journal, optionalBytesAt(frame.batch.after!.link, i))
  const from = location === null ? null : nameOf(target, staged, location)
  if (from === null) {
    libc.setErrno(Errno.ENOENT)
    throw hostError('link', path)
  }
  const [dirFd, name] = enterStage(stage, row, stageDirOf(frame, d))
  check('link', path, () => libc.linkat(from.dirFd, nameAddress(from.name), dirFd, nameAddress(name), 0))
}

function nameOf(target: Cursor, staged: Cursor, location: Location): NameIn | null {
  if (location.in === 'stage') {
    const dirFd = enter(staged, location.place.dir)
    return dirFd === -1 ? null : { dirFd, name: location.place.name }
  }
  const { dir, name } = splitPath(location.path)
  const dirFd = enter(target, dir)
  return dirFd === -1 ? null : { dirFd, name }
}

/** Gives staged directories their metadata, children before parents. @throws HostError */
export function finishDirectories(stage: Stage): void {
  const { keeper } = stage
  forEachDirBackward(stage.journal, (frame, d, first, end) => {
    const { after } = frame.batch
    if (after === null) return
    for (let i = end - 1; i >= first; i--) {
      const op = frame.op[i]!
      const isMade = (op & (Op.in | Op.swap | Op.inside)) !== 0 && (op & Op.moved) === 0
      if (!isMade || after.kind[i] !== Kind.directory) continue
      const row = { frame, d, i }
      const [dirFd, name] = enterStage(stage, row, stageDirOf(frame, d))
      const place = { dirFd, name }
      setMetadata(keeper, place, presentNew(keeper, 0o700), after, i, rowPath(row))
      if (isHeldOpen({ stage }, frame, i)) setMode(place, 0o700, rowPath(row))
    }
  })
}

/** Puts all that is staged on disk. @throws HostError */
export function syncStage(stage: Stage): void {
  check('syncfs', stage.target.path, () => libc.syncfs(stage.fd))
}

/** A root that was made here was closed to others until now. Its row, where there is one, says what it shall be. */
export function openMadeRoot({ keeper, target, journal }: Stage): void {
  if (!target.isMade || findRow(journal, new Uint8Array(0)) !== null) return
  setMode({ fd: target.fd }, 0o777 & ~keeper.privileges.umask, target.path)
}
