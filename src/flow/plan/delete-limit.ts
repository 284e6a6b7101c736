/** The limit on deletes: more of them than the user allows are a problem `refused`. */
import { countEntries } from '../../host/target/count-entries.ts'
import { addProblem, type Findings } from '../../host/target/findings.ts'
import type { Target } from '../../host/target/target.ts'
import { EMPTY } from '../../model/bytes-column.ts'
import { formatNoun } from '../show/words.ts'
import type { DeleteLimit } from './row-rules.ts'

/** @throws HostError */
export function checkDeletes(maxDelete: DeleteLimit, deleted: number, target: Target, findings: Findings): void {
  if (maxDelete === null || deleted === 0) return
  const limit = 'count' in maxDelete ? maxDelete.count : Math.floor((countEntries(target.fd) * maxDelete.percent) / 100)
  if (deleted <= limit) return
  addProblem(findings, 'refused', EMPTY, `${formatNoun(deleted, 'entry')} would be deleted, ${limit} may be`)
}
