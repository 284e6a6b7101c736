/** All cases, in the order in which they are run. */
import type { Case } from '../case.ts'
import { applyCases } from './apply.ts'
import { bigFileCases } from './big-file.ts'
import { deltaCases } from './delta.ts'
import { diffCases } from './diff.ts'
import { hashCases } from './hash.ts'
import { pipelineCases } from './pipeline.ts'
import { recordCases } from './record.ts'
import { scanCases } from './scan.ts'
import { snapshotSizeCases } from './snapshot-size.ts'
import { startUpCases } from './start-up.ts'
import { systemCallCases } from './system-calls.ts'

export const cases: readonly Case[] = [
  ...startUpCases,
  ...systemCallCases,
  ...scanCases,
  ...snapshotSizeCases,
  ...hashCases,
  ...diffCases,
  ...pipelineCases,
  ...applyCases,
  ...bigFileCases,
  ...deltaCases,
  ...recordCases,
]
