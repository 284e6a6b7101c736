/** Where a command reads from: a file that is named, or standard input where none is. */
import { FormatError, UsageError } from '../base/errors.ts'
import type { FrameReader } from '../flow/stream/reader.ts'
import { openRandom } from '../host/stream/random-file.ts'
import { DASH, isDash, isTerminal, readBytes, STDIN } from '../host/stream/stdio.ts'
import type { Item } from '../model/item.ts'

/** The bytes of a named file or of standard input, which must not be a terminal: nobody types a stream. */
export async function openInput(path: Uint8Array | null): Promise<AsyncIterable<Uint8Array>> {
  const named = path ?? DASH
  if (isDash(named) && isTerminal(STDIN)) {
    throw new UsageError('', 'standard input is a terminal; name a FILE or use a pipe')
  }
  return readBytes(named)
}

/** A stream frame by frame: of an intact file by its index, of anything else from its beginning. Its errors name the file. */
export async function openFrames(path: Uint8Array): Promise<FrameReader> {
  const { openReader } = await import('../flow/stream/reader.ts')
  const inFile = (error: unknown): never => {
    if (error instanceof FormatError && !isDash(path)) error.file = path
    throw error
  }
  const indexed = isDash(path) ? null : await openByIndex(path)
  return naming(indexed ?? (await openReader(await openInput(path)).catch(inFile)), inFile)
}

/** The items of one of several streams. */
export async function openItems(path: Uint8Array): Promise<AsyncIterable<Item>> {
  const { itemsOfFrames } = await import('../flow/stream/reader.ts')
  return itemsOfFrames(await openFrames(path))
}

/** Where a command reads several streams, an error says which of them it is about. */
function naming(reader: FrameReader, inFile: (error: unknown) => never): FrameReader {
  return {
    get header() {
      return reader.header
    },
    peekHead: () => reader.peekHead().catch(inFile),
    read: () => reader.read().catch(inFile),
    skip: () => reader.skip().catch(inFile),
    get end() {
      return reader.end
    },
    close: () => reader.close(),
  }
}

async function openByIndex(path: Uint8Array): Promise<FrameReader | null> {
  const { openIndexed } = await import('../flow/stream/indexed-reader.ts')
  const file = openRandom(path)
  const reader = file === null ? null : openIndexed(file)
  if (reader === null) file?.close()
  return reader
}
