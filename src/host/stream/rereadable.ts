/** A file that can be read again and again: the same file, whatever its name leads to meanwhile. */
import { closeSync, fstatSync } from 'node:fs'
import { RefusedError } from '../../base/errors.ts'
import { SEEK_CUR } from '../native/errno.ts'
import { libc } from '../native/libc.ts'
import { isDash, openForRead, readRegular, STDIN } from './stdio.ts'

export type Rereadable = { read(): AsyncGenerator<Uint8Array>; close(): void }

/**
 * Opens a file, or standard input where that is one: it is then read from where it stands.
 * @throws RefusedError `not-seekable` for a pipe or a terminal; HostError
 */
export function openRereadable(path: Uint8Array): Rereadable {
  const fd = isDash(path) ? STDIN : openForRead(path)
  const close = (): void => {
    if (fd !== STDIN) closeSync(fd)
  }
  if (!fstatSync(fd).isFile()) {
    close()
    throw new RefusedError('not-seekable', 'the stream is read more than once, which a pipe cannot give')
  }
  const start = fd === STDIN ? Math.max(0, libc.lseek(fd, 0, SEEK_CUR)) : 0
  return { read: () => readRegular(fd, path, start), close }
}
