/**
 * Applies a stream to a tree (spec §8). While the stream arrives every row is checked against the target and everything new
 * is built in the stage; only when the end has been verified and nothing speaks against it does the target change, by
 * renames and metadata alone. Anything wrong before that leaves the target as it was.
 */
import { RefusedError } from '../../base/errors.ts'
import { closeTarget, lockTarget, openTarget, type Target } from '../../host/target/target.ts'
import type { Item } from '../../model/item.ts'
import { touchedAt } from '../diff/target-tree.ts'
import { KeptContents, leftoversOf, refuseLeftovers } from '../plan/kept-contents.ts'
import { refuseSwitch } from './apply-atomic.ts'
import { refuseRoot } from './apply-limits.ts'
import type { ApplyOptions, ApplyReport } from './apply-options.ts'
import { applyTo } from './apply-stream.ts'

/**
 * Applies the items of a changeset, a plan, or a snapshot to the target.
 * @param items header first, end last: a reader that verifies gives the end only when all of the stream is right
 * @throws FormatError where the items break a rule, or end before their end
 * @throws RefusedError `target-busy`, `leftover-stage`, `leftover-copy`, `undecided-stage`, `no-locks`, `wrong-kind`, `basis-in-target`, `touched-differ`
 * @throws HostError; the target is as it was, unless the error is a CommitError
 */
export function apply(items: AsyncIterable<Item>, options: ApplyOptions): Promise<ApplyReport> {
  return withTarget(options, async (target, kept) =>
    applyTo(target, kept, await touchedAt(items, target, options.threadCount), options),
  )
}

/** Opens the target, keeps others away from it, and finds out whether anything may be done there. */
export async function withTarget<T>(
  options: ApplyOptions,
  work: (target: Target, kept: KeptContents | null) => Promise<T>,
): Promise<T> {
  const target = openTarget(options.target)
  let kept: KeptContents | null = null
  try {
    kept = openLeftovers(target, options)
    refuseRoot(target, options)
    refuseSwitch(target, options)
    return await work(target, kept)
  } finally {
    kept?.close()
    closeTarget(target)
  }
}

/** What earlier applies have left is refused, unless it may be used and nobody else can be at work in it. @throws RefusedError */
function openLeftovers(target: Target, { keepStage, dryRun }: ApplyOptions): KeptContents | null {
  if (!dryRun && !lockTarget(target) && keepStage) {
    throw new RefusedError(
      'no-locks',
      "this filesystem has no locks, by which two applies keep out of each other's way",
    )
  }
  const leftovers = leftoversOf(target)
  if (leftovers === 'none') return null
  if (leftovers === 'decided' || !keepStage || dryRun) refuseLeftovers(leftovers)
  return new KeptContents(target)
}
