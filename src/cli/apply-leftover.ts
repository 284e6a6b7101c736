/** fsapply --resume and --rollback: the end of what an earlier apply has left. No stream is read. */
import { UsageError } from '../base/errors.ts'
import { say } from '../host/stream/stdio.ts'
import { quotePath } from '../model/escape.ts'
import { Status } from './sentences.ts'

type LeftoverFlags = { resume: boolean; rollback: boolean; 'no-sync': boolean; verbose: boolean }

/** What says something without a stream. */
const MEANT = ['resume', 'rollback', 'no-sync', 'verbose', 'threads', 'progress']

export async function endLeftover(operands: readonly Uint8Array[], flags: LeftoverFlags): Promise<number> {
  if (flags.resume && flags.rollback) throw new UsageError('rollback', '--resume and --rollback exclude each other')
  if (operands.length > 1) throw new UsageError('', 'no FILE is read with --resume or --rollback')
  for (const [name, value] of Object.entries<unknown>(flags)) {
    const isGiven = Array.isArray(value) ? value.length > 0 : value !== false && value !== null
    if (isGiven && !MEANT.includes(name)) {
      throw new UsageError(name, `--${name} says nothing with --resume or --rollback: no stream is read`)
    }
  }
  const { resume } = await import('../flow/apply/resume.ts')
  const direction = flags.resume ? 'resume' : 'roll-back'
  const { phase, otherTree, kept } = resume({ target: operands[0]!, direction, durable: !flags['no-sync'] })
  const was = phase === 'staging' ? 'nothing had been changed yet' : 'the change had been begun'
  const end = flags.resume ? 'it is complete now' : 'the target is as it was before'
  if (flags.verbose) say(`fsapply: ${was}; ${end}\n`)
  if (otherTree !== null) {
    const which = flags.resume ? 'old' : 'new'
    say(
      `fsapply: the ${which} tree is ${quotePath(otherTree)} beside the target; remove it when it is no longer needed.\n`,
    )
  }
  for (const path of kept) {
    say(`fsapply: ${quotePath(path)}: it came, was written, or lost its directory meanwhile, and is kept\n`)
  }
  return kept.length === 0 ? Status.ok : Status.problems
}
