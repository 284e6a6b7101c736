/** Bytes of the files of a tree by path and offset, for whoever compares with them. What cannot be read is not there. */
import { HostError } from '../../base/errors.ts'
import { compareBytes, splitPath } from '../../model/path.ts'
import { closeFd, openRoot } from '../entry/dir.ts'
import { openFile, readAt } from '../entry/see.ts'
import { createHasher } from '../native/blake3.ts'
import { addressOf } from '../native/libc.ts'
import { closeCursor, createCursor, enter } from '../target/target-cursor.ts'

export type FileTree = {
  /** Fills `bytes` from `offset` of a regular file. Returns how many are there; 0 where it cannot be read. */
  read(path: Uint8Array, offset: number, bytes: Uint8Array): number
  /** The BLAKE3-256 of a regular file, or null. */
  hash(path: Uint8Array): Uint8Array | null
  close(): void
}

const PIECE_BYTES = 1 << 18

/** @throws HostError where the root cannot be opened */
export function openFileTree(root: Uint8Array): FileTree {
  const rootFd = openRoot(root)
  const cursor = createCursor(rootFd)
  let open: { path: Uint8Array; fd: number } | null = null

  function fdOf(path: Uint8Array): number {
    if (open !== null && compareBytes(open.path, path) === 0) return open.fd
    if (open !== null && open.fd !== -1) closeFd(open.fd)
    const { dir, name } = splitPath(path)
    const dirFd = enter(cursor, dir)
    open = { path: path.slice(), fd: dirFd === -1 ? -1 : openFile(dirFd, name, null) }
    return open.fd
  }

  function read(path: Uint8Array, offset: number, bytes: Uint8Array): number {
    const fd = fdOf(path)
    if (fd === -1) return 0
    try {
      return readAt(fd, addressOf(bytes), bytes.length, offset, path)
    } catch (error) {
      if (error instanceof HostError) return 0
      throw error
    }
  }

  return {
    read,
    hash(path) {
      const hasher = createHasher()
      const piece = new Uint8Array(PIECE_BYTES)
      if (fdOf(path) === -1) return null
      for (let offset = 0; ; ) {
        const length = read(path, offset, piece)
        hasher.update(piece.subarray(0, length))
        offset += length
        if (length < piece.length) return hasher.finish()
      }
    },
    close() {
      if (open !== null && open.fd !== -1) closeFd(open.fd)
      closeCursor(cursor)
      closeFd(rootFd)
    },
  }
}
