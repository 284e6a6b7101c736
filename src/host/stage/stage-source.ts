/** Contents that the stream does not bring, taken from a directory that has the tree after: by id, or by size and time. */

import type { Cursor } from '../target/target-cursor.ts'
import type { Contents } from './stage-content.ts'
import { fillFrom } from './stage-fill.ts'
import { rowPath, type StagedRow } from './stage-object.ts'

/**
 * Stages the contents of rows from a source.
 * @param source over the root of the source
 * @returns the rows whose contents it does not have
 * @throws HostError
 */
export function fillFromSource(contents: Contents, source: Cursor, rows: StagedRow[]): StagedRow[] {
  return rows.filter((row) => fillFrom(contents, source, rowPath(row), row, 'without-id', null) === null)
}
