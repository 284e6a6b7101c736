/** Problems (spec §7.6): errors tied to a path, carried as data. Work goes on; the exit status says so at the end. */
import { type ProblemCode, phases } from '../base/constants.ts'

export { phases }

/** In which step of the work a problem arose. */
export type Phase = (typeof phases)[number]

export type Problem = {
  path: Uint8Array
  code: ProblemCode
  phase: Phase
  /** The errno name or what else explains it; may be empty. */
  detail: string
}
