/** A file that nobody finds and that is gone with its descriptor: for what is too much for memory. */
import { tmpdir } from 'node:os'
import { nameAddress } from './c-string.ts'
import { check, hostError, retry } from './call.ts'
import { AT_FDCWD, Errno, O_CLOEXEC, O_RDWR, O_TMPFILE } from './errno.ts'
import { addressOf, libc } from './libc.ts'
import { readAt } from './see.ts'

/** memfd_create(2). */
const MFD_CLOEXEC = 1
/** Large enough for calls not to count, and for an address to stay (libc.ts). */
const PIECE_BYTES = 1 << 18
const NAME = Buffer.from('fs-changeset')

/** Opens one among the temporary files; in memory where that cannot be. @throws HostError */
export function openScratch(): number {
  const dir = Buffer.from(tmpdir())
  const fd = retry(() => libc.openat(AT_FDCWD, nameAddress(dir), O_RDWR | O_TMPFILE | O_CLOEXEC, 0o600))
  if (fd !== -1) return fd
  return check('memfd_create', dir, () => libc.memfd_create(nameAddress(NAME), MFD_CLOEXEC))
}

/** Writes all of `pieces` to the file, from its start. @throws HostError */
export async function fillScratch(fd: number, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  const buffer = new Uint8Array(PIECE_BYTES)
  const address = addressOf(buffer)
  let offset = 0
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length; ) {
      const part = piece.subarray(at, at + PIECE_BYTES)
      buffer.set(part)
      const length = retry(() => libc.pwrite(fd, address, part.length, offset))
      if (length === 0) libc.setErrno(Errno.ENOSPC)
      if (length <= 0) throw hostError('pwrite', Buffer.from(tmpdir()))
      at += length
      offset += length
    }
  }
}

/** What was written, from its start. @throws HostError */
export async function* readScratch(fd: number): AsyncGenerator<Uint8Array> {
  const path = Buffer.from(tmpdir())
  for (let offset = 0; ; ) {
    const piece = new Uint8Array(PIECE_BYTES)
    const length = readAt(fd, addressOf(piece), piece.length, offset, path)
    if (length === 0) return
    yield piece.subarray(0, length)
    offset += length
  }
}
