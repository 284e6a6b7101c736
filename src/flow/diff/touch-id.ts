/** The id of a touch (spec §7.8): the tree id of a snapshot that has the touched files and nothing else. */
import { encodeRows } from '../../format/rows.ts'
import { createHasher, hashBytes } from '../../host/native/blake3.ts'
import type { TouchedFiles } from '../../tree/touched-files.ts'

export class TouchId {
  readonly #hasher = createHasher()

  /** Takes over what is complete of the files; with `isLast` all. */
  addFrom(files: TouchedFiles, isLast: boolean): void {
    for (const batch of files.take(isLast)) this.#hasher.update(hashBytes(encodeRows(batch).rows))
  }

  finish(): Uint8Array {
    return this.#hasher.finish()
  }
}
