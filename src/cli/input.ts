/** Where a command reads from: a file that is named, or standard input where none is. */
import { UsageError } from '../base/errors.ts'
import { DASH, isDash, isTerminal, readBytes, STDIN } from '../host/stdio.ts'

/** The bytes of a named file or of standard input, which must not be a terminal: nobody types a stream. */
export async function openInput(path: Uint8Array | null): Promise<AsyncIterable<Uint8Array>> {
  const named = path ?? DASH
  if (isDash(named) && (await isTerminal(STDIN))) {
    throw new UsageError('', 'standard input is a terminal; name a FILE or use a pipe')
  }
  return readBytes(named)
}
