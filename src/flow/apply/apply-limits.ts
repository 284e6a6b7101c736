/** Limits on harm: what an apply refuses although every row fits. Each is a problem `refused`, and nothing is then done. */
import { RefusedError } from '../../base/errors.ts'
import { addProblem } from '../../host/target/findings.ts'
import { holdsEntries, isSystemRoot, type Target } from '../../host/target/target.ts'
import { EMPTY } from '../../model/bytes-column.ts'
import { checkDeletes } from '../plan/delete-limit.ts'
import type { ApplyOptions } from './apply-options.ts'
import type { Run } from './apply-run.ts'

/** @throws RefusedError `target-is-root` */
export function refuseRoot(target: Target, { allowRoot }: ApplyOptions): void {
  if (allowRoot || !isSystemRoot(target)) return
  throw new RefusedError('target-is-root', 'the target is the root of the system')
}

/** After the last row. @throws HostError */
export function checkLimits(run: Run): void {
  checkForeign(run)
  checkDeletes(run.options.maxDelete, run.counts.deleted, run.target, run.findings)
}

/** A target that has nothing of what the changeset was made from is not the one that was meant. */
function checkForeign({ options, header, judge, target, findings }: Run): void {
  // Where every row holds already, nothing can be done to the wrong target.
  if (options.allowForeign || judge.sharedCount > 0 || judge.unsettledCount === 0) return
  const isSnapshot = header.kind === 'snapshot'
  if ((!isSnapshot && judge.expectingCount === 0) || !holdsEntries(target)) return
  const why = isSnapshot ? 'the target is not empty' : 'the target has nothing of what the changeset was made from'
  addProblem(findings, 'refused', EMPTY, why)
}
