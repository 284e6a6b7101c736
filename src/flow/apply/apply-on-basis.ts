/**
 * A changeset for a target that is not there yet, but whose tree before is: the first basis. The new tree begins as a copy of
 * it, in a folder of its own beside the target, and gets the target's name when the changeset has been applied.
 */
import { onInterrupt } from '../../base/cleanup.ts'
import { HostError, RefusedError } from '../../base/errors.ts'
import { readPrivileges } from '../../host/entry/privileges.ts'
import { addProblem } from '../../host/target/findings.ts'
import { makeNewTree, nameNewTree, removeNewTree } from '../../host/target/new-tree.ts'
import { closeTarget, openTarget, type Target } from '../../host/target/target.ts'
import { quotePath } from '../../model/escape.ts'
import type { Item } from '../../model/item.ts'
import { scan, USED_HERE } from '../scan/scan.ts'
import { startingWith } from '../stream/starting-with.ts'
import { apply } from './apply.ts'
import type { ApplyOptions, ApplyReport } from './apply-options.ts'

/**
 * As apply, with at least one basis: what is no snapshot, for a target that is missing, is applied to a copy of the first.
 * @throws as apply; RefusedError `target-busy`, `leftover-new-tree`, `basis-unreadable`, `no-stage`
 */
export async function applyOnBasis(items: AsyncIterable<Item>, options: ApplyOptions): Promise<ApplyReport> {
  const target = openTarget(options.target)
  try {
    if (target.fd !== -1) return await apply(items, options)
    const iterator = items[Symbol.asyncIterator]()
    const first = await iterator.next()
    const isChangeset = first.value?.kind === 'header' && first.value.header.kind !== 'snapshot'
    const all = first.value === undefined ? items : startingWith(first.value, iterator)
    if (!isChangeset) return await apply(all, options)
    const [basis, ...others] = options.basis
    if (options.dryRun) return await apply(all, { ...options, target: basis!, basis: others })
    if (options.keepStage) throw new RefusedError('no-stage', 'no stage can be kept in a copy of the basis')
    return await applyToCopy(all, target, options)
  } finally {
    closeTarget(target)
  }
}

async function applyToCopy(items: AsyncIterable<Item>, target: Target, options: ApplyOptions): Promise<ApplyReport> {
  const tree = makeNewTree(target)
  const { path } = tree
  const remove = (): void => removeNewTree(tree)
  const release = onInterrupt(remove)
  let isNamed = false
  let left: HostError | null = null
  const giveName = (): void => {
    if (!isNamed) left = nameNewTree(tree, readPrivileges(), options.durable)
    isNamed = true
    release()
  }
  try {
    const { afterCommit } = options
    const changed: ApplyOptions = {
      ...options,
      target: path,
      basis: options.basis.slice(1),
      // Who is told that all is done finds the tree under its name.
      async afterCommit(done) {
        giveName()
        await afterCommit?.(done)
      },
    }
    const copied = await copyBasis(path, options)
    const report = copied.outcome === 'applied' ? await apply(items, changed) : copied
    if (report.outcome !== 'applied' && report.outcome !== 'unchanged') {
      remove()
      return report
    }
    giveName()
    noteLeft(report, left)
    return { ...together(copied, report), outcome: 'applied' }
  } catch (error) {
    if (!isNamed) tryTo(remove)
    throw error
  } finally {
    release()
  }
}

/** All as it is; size and time are believed, for they were read a moment ago. */
async function copyBasis(path: Uint8Array, options: ApplyOptions): Promise<ApplyReport> {
  const root = options.basis[0]!
  const { threadCount, monitor, link, allowRoot, suffix } = options
  const tree = scan({ ...USED_HERE, oneFileSystem: false, xattrs: true, filters: [], root, threadCount, monitor })
  const chosen = { target: path, basis: [root], source: root, link, threadCount, monitor, allowRoot, suffix }
  const report = await apply(tree, { ...AS_IT_IS, ...chosen })
  const [problem] = report.streamProblems
  if (problem === undefined) return report
  throw new RefusedError(
    'basis-unreadable',
    `${quotePath(problem.path)} of the basis cannot be copied: ${problem.code}`,
  )
}

/** The apply of the changeset is what puts both on disk. */
const AS_IT_IS = {
  dryRun: false,
  strict: false,
  quick: true,
  numericIds: true,
  onConflict: 'fail',
  backup: null,
  rules: { chmod: [], only: [], neverDelete: false, owners: [], untrusted: false },
  maxDelete: null,
  deleteAfter: false,
  allowForeign: false,
  countsRoom: false,
  atomic: null,
  keepStage: false,
  durable: false,
  undo: null,
  beforeCommit: null,
  afterCommit: null,
  receipt: null,
  onRows: null,
  onDone: null,
} as const

/** An empty folder that could not be removed is a nuisance, not a failure. */
function noteLeft({ findings }: ApplyReport, left: HostError | null): void {
  if (left !== null) addProblem(findings, 'failed', left.path, `${left.call}: ${left.code}`)
}

function together(copied: ApplyReport, report: ApplyReport): ApplyReport {
  return {
    ...report,
    bytes: copied.bytes + report.bytes,
    fromBasis: sum(copied.fromBasis, report.fromBasis),
    notKept: sum(copied.notKept, report.notKept),
  }
}

function sum<T extends { [key: string]: number }>(a: T, b: T): T {
  return Object.fromEntries(Object.entries(a).map(([key, count]) => [key, count + b[key]!])) as T
}

/** What was first is the error to tell. */
function tryTo(work: () => void): void {
  try {
    work()
  } catch (error) {
    if (!(error instanceof HostError)) throw error
  }
}
