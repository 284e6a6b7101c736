/** What it takes to decide rows, from the first of a changeset to its last. */
import type { EntriesBuilder } from '../../model/entries-builder.ts'
import { XattrReader } from '../entry/xattr-reader.ts'
import type { Journal } from '../journal/journal.ts'
import type { Findings } from '../target/findings.ts'
import type { Keeper } from '../target/keeper.ts'
import type { Cursor } from '../target/target-cursor.ts'
import type { InodeFinder } from './check-content.ts'
import type { Policy } from './policy.ts'

export type Decider = {
  keeper: Keeper
  findings: Findings
  finder: InodeFinder
  /** Over the target, for reading contents. */
  cursor: Cursor
  /** Made when it is first needed. */
  xattrs: XattrReader | null
  journal: Journal
  /** Equal size and time are taken for equal contents. */
  quick: boolean
  /** Files are never changed in place: the old tree keeps them. */
  isAtomic: boolean
  policy: Policy
  /** True where the folder for what is overwritten has something at a path. */
  isFolderTaken: (path: Uint8Array) => boolean
  /** Inodes whose first name goes, and that another name has taken over. */
  claimed: Set<bigint>
  /** What was seen of first names of hard links that no row speaks of (check-first.ts). */
  firstSeen: EntriesBuilder
  /** Ids of their inodes that were read: a group of many names is read once. */
  firstIds: Map<bigint, Uint8Array>
}

/** The reader of extended attributes at the target. Its directory is whichever it last entered. */
export function xattrReaderOf(decider: Decider): XattrReader {
  decider.xattrs ??= new XattrReader(decider.cursor.rootFd, false)
  return decider.xattrs
}
