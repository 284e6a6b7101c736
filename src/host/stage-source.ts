/** Contents that the stream does not bring, taken from a directory that has the tree after: by id, or by size and time. */
import { contentAt } from '../model/entries.ts'
import { splitPath } from '../model/path.ts'
import { createHasher } from './blake3.ts'
import { libc } from './libc.ts'
import { openFile, readAt, readBuffer } from './see.ts'
import { appendTo, type Contents, dropContent, finishContent, openContent, want } from './stage-content.ts'
import { closeNew, createFile, enterStage, rowPath, type StagedRow } from './stage-object.ts'
import { stageDirOf } from './stage-place.ts'
import { stx } from './statx.ts'
import { type Cursor, enter } from './target-cursor.ts'
import { copyFile } from './write-file.ts'

/**
 * Stages the contents of rows from a source.
 * @param source over the root of the source
 * @returns the rows whose contents it does not have
 * @throws HostError
 */
export function fillFromSource(contents: Contents, source: Cursor, rows: StagedRow[]): StagedRow[] {
  const missing: StagedRow[] = []
  for (const row of rows) if (!fillRow(contents, source, row)) missing.push(row)
  contents.wanted.clear()
  return missing
}

function fillRow(contents: Contents, source: Cursor, row: StagedRow): boolean {
  const after = row.frame.batch.after!
  const path = rowPath(row)
  const { dir, name } = splitPath(path)
  const dirFd = enter(source, dir)
  const fd = dirFd === -1 ? -1 : openFile(dirFd, name, null)
  if (fd === -1) return false
  try {
    // openFile has just seen it.
    const isSameTime = stx.mtimeSec() === after.mtimeSec[row.i] && stx.mtimeNsec() === after.mtimeNsec[row.i]
    if (stx.size() !== after.size[row.i]) return false
    if (contentAt(after, row.i).length > 0) return fillById(contents, row, fd, path)
    if (!isSameTime) return false
    fillByTime(contents, row, fd, path)
    return true
  } finally {
    libc.close(fd)
  }
}

function fillById(contents: Contents, row: StagedRow, fd: number, path: Uint8Array): boolean {
  const after = row.frame.batch.after!
  want(contents, row)
  const open = openContent(contents, contentAt(after, row.i), after.size[row.i]!, createHasher())
  const { bytes, address } = readBuffer()
  try {
    for (let length = -1; length !== 0 && open.offset < open.size; ) {
      length = readAt(fd, address, Math.min(bytes.length, open.size - open.offset), open.offset, path)
      appendTo(contents, open, bytes.subarray(0, length))
    }
  } catch (error) {
    dropContent(contents, open)
    throw error
  }
  const isRight = finishContent(contents, open)
  contents.wanted.clear()
  return isRight
}

function fillByTime(contents: Contents, row: StagedRow, fd: number, path: Uint8Array): void {
  const { keeper } = contents.stage
  const [dirFd, name] = enterStage(contents.stage, row, stageDirOf(row.frame, row.d))
  const size = row.frame.batch.after!.size[row.i]!
  const outFd = createFile(keeper, dirFd, name, row.frame.batch.after!, row.i, path)
  try {
    copyFile(fd, outFd, size, path)
  } catch (error) {
    libc.close(outFd)
    throw error
  }
  closeNew(keeper, outFd, row, path)
  contents.bytes += size
}
