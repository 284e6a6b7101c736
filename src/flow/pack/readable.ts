/** New contents as a search for deltas reads them. */

import type { Hole } from '../../model/holes.ts'

/** A content that can be read in pieces. */
export type Readable = {
  id: Uint8Array
  size: number
  /** What is known to be zero. */
  holes: readonly Hole[]
  /** At most `length` bytes from `offset`, at least one; good until the next call. Throws where they cannot be read. */
  read(offset: number, length: number): Uint8Array
}

/** What stood at its place before. */
export type Basis = { id: Uint8Array; size: number } | null
