/** What a user gives as text. A stream keeps no other than UTF-8 (spec §4.1), so it is refused before anything is read. */
import { isUtf8 } from 'node:buffer'
import { UsageError } from '../base/errors.ts'
import { quoteBytes } from '../model/escape.ts'

const SHOWN_BYTES_MAX = 60

/** @throws UsageError where the value of a flag is no UTF-8 */
export function textOf(flag: string, bytes: Uint8Array): string {
  if (isUtf8(bytes)) return Buffer.from(bytes).toString('utf8')
  throw new UsageError(flag, `--${flag} needs text in UTF-8, which ${shown(bytes)} is not`)
}

/** @throws UsageError where the value of a flag has more than `max` bytes */
export function checkBytes(flag: string, bytes: Uint8Array, max: number): void {
  if (bytes.length <= max) return
  throw new UsageError(flag, `--${flag} has a value of ${bytes.length} bytes; a stream keeps at most ${max}`)
}

function shown(bytes: Uint8Array): string {
  return bytes.length <= SHOWN_BYTES_MAX ? quoteBytes(bytes) : `${quoteBytes(bytes.subarray(0, SHOWN_BYTES_MAX))}...`
}
