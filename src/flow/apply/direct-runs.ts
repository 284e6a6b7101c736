/** Portions of a stream as applies of their own, one after the other, onto one target. */
import { freeBytesOf } from '../../host/entry/free-bytes.ts'
import type { Conflict } from '../../host/target/findings.ts'
import type { NotKept } from '../../host/target/keeper.ts'
import type { Target } from '../../host/target/target.ts'
import { type Batch, firstPath, lastPath } from '../../model/batch.ts'
import type { End, Header, Item } from '../../model/item.ts'
import { compareRowPaths } from '../../model/path.ts'
import type { Problem } from '../../model/problem.ts'
import { conclude } from './apply-commit.ts'
import type { ApplyOptions, ApplyReport } from './apply-options.ts'
import { closeRun, finishRows, type Run, startRun, takeBatch } from './apply-run.ts'
import { closing, reportOf, takeContent } from './apply-stream.ts'
import type { PortionSink } from './direct-portions.ts'

export type PortionRuns = {
  /** Does what gives portions, to the last of them. Once a portion has failed nothing is taken any more. */
  use(give: (sink: PortionSink) => Promise<void>): Promise<void>
  sum: PortionSum
}

/** What the portions came to. */
export type PortionSum = {
  /** The portion that could not be done; null: none. */
  failed: ApplyReport | null
  /** Something at the target has changed. */
  isBegun: boolean
  bytes: number
  notKept: NotKept
  /** Problems that changed nothing of what was done. */
  problems: Problem[]
  /** Rows that did not fit, as far as they are listed. */
  conflicts: Conflict[]
}

/** A portion is to leave room for others who write; one of the least size is tried in any case. */
const PORTION_BYTES_MIN = 1 << 16
const PORTION_BYTES_MAX = 8 << 20
const ROOM_PART = 2

export function createPortionRuns(target: Target, header: Header, end: End, options: ApplyOptions): PortionRuns {
  const notKept: NotKept = { owners: 0, xattrs: 0, devices: 0, modes: 0, times: 0 }
  const sum: PortionSum = { failed: null, isBegun: false, bytes: 0, notKept, problems: [], conflicts: [] }
  let open: { run: Run; bytes: number; last: Uint8Array } | null = null
  let portionBytes = portionBytesFor(target)

  async function close(): Promise<void> {
    if (open === null) return
    const { run } = open
    open = null
    const report = await closing(run, async () => {
      finishRows(run)
      const outcome = await conclude(run, end)
      await closeRun(run)
      return reportOf({ run, end, stream: { streamProblems: [], streamProblemCount: 0 } }, outcome)
    })
    options.monitor.entries += report.counts.rows
    addReport(sum, report)
    // The next portion finds the root there.
    target.isMade &&= report.outcome !== 'applied'
    portionBytes = portionBytesFor(target)
  }

  async function put(rows: Batch, items: readonly Item[], sizeBytes: number): Promise<void> {
    const isNext = open === null || compareRowPaths(firstPath(rows), open.last) > 0
    if (open !== null && (!isNext || open.bytes + sizeBytes > portionBytes)) await close()
    if (sum.failed !== null) return
    open ??= { run: startRun(options, target, null, header), bytes: 0, last: new Uint8Array(0) }
    takeBatch(open.run, rows)
    open.bytes += sizeBytes
    open.last = lastPath(rows).slice()
    for (const item of items) takeContent(open.run, item)
  }

  async function putMore(item: Item): Promise<void> {
    if (open !== null) takeContent(open.run, item)
  }

  async function use(give: (sink: PortionSink) => Promise<void>): Promise<void> {
    try {
      await give({ put, putMore, portionBytes: () => portionBytes })
    } catch (error) {
      if (open !== null) await closing(open.run, () => Promise.reject(error))
      throw error
    }
    await close()
  }

  return { use, sum }
}

/** Adds what an apply onto the target came to. */
export function addReport(sum: PortionSum, report: ApplyReport): void {
  if (report.outcome === 'applied') sum.isBegun = true
  else if (report.outcome !== 'unchanged') {
    sum.failed = report
    return
  }
  sum.bytes += report.bytes
  for (const what of Object.keys(sum.notKept) as (keyof NotKept)[]) sum.notKept[what] += report.notKept[what]
  sum.conflicts.push(...report.findings.conflicts)
  sum.problems.push(...report.findings.problems.filter(({ code }) => code !== 'not-kept'))
}

function portionBytesFor({ fd, parentFd }: Target): number {
  const free = freeBytesOf(fd === -1 ? parentFd : fd)
  if (free === null) return PORTION_BYTES_MAX
  return Math.min(PORTION_BYTES_MAX, Math.max(PORTION_BYTES_MIN, Math.floor(free / ROOM_PART)))
}
