/** A regular file that is read at any place. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { hostError, pathKind } from './stdio.ts'

export type RandomFile = {
  readonly sizeBytes: number
  /** Fills `bytes` from `offset` on; fewer are read where the file ends before. */
  read(bytes: Uint8Array, offset: number): number
  close(): void
}

/** Null where the path names something else, such as a pipe. Throws HostError where it cannot be opened. */
export function openRandom(path: Uint8Array): RandomFile | null {
  // A fifo that is opened and closed again is a writer's broken pipe.
  if (pathKind(path) !== 'file') return null
  let fd: number
  let isFile: boolean
  let sizeBytes: number
  try {
    fd = openSync(Buffer.from(path), 'r')
    const stat = fstatSync(fd)
    isFile = stat.isFile()
    sizeBytes = stat.size
  } catch (error) {
    throw hostError(error, 'open', path)
  }
  if (isFile) return { sizeBytes, read: (bytes, offset) => readAt(fd, path, bytes, offset), close: () => closeSync(fd) }
  closeSync(fd)
  return null
}

function readAt(fd: number, path: Uint8Array, bytes: Uint8Array, offset: number): number {
  let used = 0
  try {
    while (used < bytes.length) {
      const count = readSync(fd, bytes, used, bytes.length - used, offset + used)
      if (count === 0) break
      used += count
    }
  } catch (error) {
    throw hostError(error, 'read', path)
  }
  return used
}
