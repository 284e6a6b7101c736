/** What an apply is asked to do, and what it has to say. */
import type { Monitor } from '../../base/monitor.ts'
import type { BasisCounts } from '../../host/stage/stage-basis.ts'
import type { Findings } from '../../host/target/findings.ts'
import type { NotKept } from '../../host/target/keeper.ts'
import type { Batch } from '../../model/batch.ts'
import type { Item } from '../../model/item.ts'
import type { Problem } from '../../model/problem.ts'
import type { ApplyCounts } from '../plan/apply-count.ts'
import type { Rules } from '../plan/judge.ts'
import type { KeptCounts } from '../plan/kept-contents.ts'
import type { DeleteLimit } from '../plan/row-rules.ts'

export type ApplyOptions = {
  /** The root of the tree that is changed, as the user named it; here alone symlinks are followed. */
  target: Uint8Array
  /** Only says what would be done. */
  dryRun: boolean
  /** What cannot be kept is a problem for each path. */
  strict: boolean
  /** Equal size and time are taken for equal contents, at the target and in a basis. */
  quick: boolean
  /** Trees that contents are taken from, where they have them at the same path, before the stream is asked. */
  basis: readonly Uint8Array[]
  /** What is taken from a basis is a further name of its file there, where all that names share is equal. */
  link: boolean
  /** A tree that has the contents that the stream does not bring; null for none. */
  source: Uint8Array | null
  /** Owners are numbers; otherwise names count where this process may set owners. */
  numericIds: boolean
  /** What is done for rows in conflict (host/check/policy.ts). */
  onConflict: 'fail' | 'skip' | 'overwrite' | 'keep-both'
  /** With overwrite or keep-both: what is added to the name of what is kept, or put, beside. */
  suffix: Uint8Array
  /** With overwrite: a folder on the target's filesystem for what is overwritten, instead; null for none. */
  backup: Uint8Array | null
  /** Which rows are done, and how. */
  rules: Rules
  maxDelete: DeleteLimit
  /** Deletes come after everything else. */
  deleteAfter: boolean
  /** The target may be one that has nothing in common with what the changeset was made from. */
  allowForeign: boolean
  /** Where the target has no room for all that is new, nothing is begun: all of it is staged at a time. */
  countsRoom: boolean
  /** The target may be the root of the system. */
  allowRoot: boolean
  /** The new tree is made beside the old and takes its place in one step; null: entries are changed one by one. */
  atomic: Switch | null
  /** A stage that does not come to its decision stays, and what earlier ones hold is taken from there. */
  keepStage: boolean
  /** What is done outlives a power cut. */
  durable: boolean
  /** Threads, this one among them, that make files in the stage; 1 starts none. */
  threadCount: number
  /** Takes the changeset that leads back, with data, before the commit; what it throws stops the apply. null: none. */
  undo: TakeItems | null
  /** Takes what will be done, as a plan, when all is prepared; what it throws stops the apply. null: nobody. */
  beforeCommit: TakeItems | null
  /** Gets the rows that were done, once they are. What it throws is in the report. null: nobody. */
  onDone: ((batch: Batch) => Promise<void>) | null
  /** Takes what was done, after the commit, or where nothing was to be done. What it throws is in the report. null: nobody. */
  receipt: TakeItems | null
  /** Takes the same, after the receipt is complete. */
  afterCommit: TakeItems | null
  /** `entries` counts rows, `bytes` the bytes of contents. */
  monitor: Monitor
  /** Gets each batch once its rows have been decided, each with its state; null: nobody wants to know. */
  onRows: ((batch: Batch) => Promise<void>) | null
}

/** Takes a stream of items to its end and keeps it. */
export type TakeItems = (items: AsyncIterable<Item>) => Promise<void>

/** The whole-tree switch. `oldTree` is where the old tree goes, a path on the target's filesystem; null: it is removed. */
export type Switch = { oldTree: Uint8Array | null }

/**
 * How an apply ended. Everything but `applied` left the target as it was.
 * unchanged: all rows held already. planned: it was only asked what would be done. conflicts, missing-contents, problems: refused.
 */
export type ApplyOutcome = 'applied' | 'unchanged' | 'planned' | 'conflicts' | 'missing-contents' | 'problems'

export type ApplyReport = {
  outcome: ApplyOutcome
  /** An apply in place was stopped by the outcome when some rows were done. */
  isPartly: boolean
  counts: ApplyCounts
  /** Bytes of contents that were written. */
  bytes: number
  /** Files that were made from a basis. */
  fromBasis: BasisCounts
  findings: Findings
  notKept: NotKept
  /** Where the old tree was kept: the path that was asked for, or its name beside the target; null where it was not. */
  oldTree: Uint8Array | null
  /** What failed after the target had become what it shall be: the receipt, a hook. Nothing of that is taken back. */
  afterwards: readonly unknown[]
  /** Contents that were taken from stages that earlier applies had left. */
  fromKept: KeptCounts
  /** Name of the stage that stays in the target with what has arrived; null where none does. */
  leftStage: Uint8Array | null
  /** Problems that the stream brought: what its producer could not do. */
  streamProblems: Problem[]
  streamProblemCount: number
}
