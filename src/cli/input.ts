/** Where a command reads from: a file that is named, or standard input where none is. */
import { UsageError } from '../base/errors.ts'
import type { FrameReader } from '../flow/reader.ts'
import { openRandom } from '../host/random-file.ts'
import { DASH, isDash, isTerminal, readBytes, STDIN } from '../host/stdio.ts'

/** The bytes of a named file or of standard input, which must not be a terminal: nobody types a stream. */
export async function openInput(path: Uint8Array | null): Promise<AsyncIterable<Uint8Array>> {
  const named = path ?? DASH
  if (isDash(named) && isTerminal(STDIN)) {
    throw new UsageError('', 'standard input is a terminal; name a FILE or use a pipe')
  }
  return readBytes(named)
}

/** A stream frame by frame: of an intact file by its index, of anything else from its beginning. */
export async function openFrames(path: Uint8Array | null): Promise<FrameReader> {
  const { openReader } = await import('../flow/reader.ts')
  const indexed = path === null || isDash(path) ? null : await openByIndex(path)
  return indexed ?? openReader(await openInput(path))
}

async function openByIndex(path: Uint8Array): Promise<FrameReader | null> {
  const { openIndexed } = await import('../flow/indexed-reader.ts')
  const file = openRandom(path)
  const reader = file === null ? null : openIndexed(file)
  if (reader === null) file?.close()
  return reader
}
