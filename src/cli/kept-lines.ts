/** Sentences on rows in conflict that did not stop an apply: what was left out, and where what was there is now. */
import type { ApplyOptions, ApplyReport } from '../flow/apply/apply-options.ts'
import { formatNoun } from '../flow/show/words.ts'
import { quotePath } from '../model/escape.ts'

export type KeptOptions = Pick<ApplyOptions, 'onConflict' | 'suffix' | 'backup'>

export function keptLines({ outcome, counts, oldTree }: ApplyReport, options: KeptOptions): string[] {
  const isRefused = outcome === 'conflicts' || outcome === 'problems' || outcome === 'missing-contents'
  if (isRefused) return []
  const isPlanned = outcome === 'planned'
  const { conflicts, overridden } = counts
  return [
    ...(conflicts === 0 ? [] : [`${formatNoun(conflicts, 'row')} in conflict ${past(isPlanned, conflicts)} left out.`]),
    ...(overridden === 0 ? [] : [overriddenLine(isPlanned, overridden, options)]),
    ...(oldTree === null ? [] : [`the old tree is kept as ${quotePath(oldTree)}.`]),
  ]
}

function overriddenLine(isPlanned: boolean, count: number, { onConflict, suffix, backup }: KeptOptions): string {
  const rows = `${formatNoun(count, 'row')} in conflict ${past(isPlanned, count)}`
  const named = `under its name with ${quotePath(suffix)} behind`
  if (onConflict === 'keep-both') return `${rows} put beside what is there, each ${named}.`
  return `${rows} done; what ${isPlanned ? 'is' : 'was'} there ${isPlanned ? 'would be' : 'is'} kept ${backup === null ? named : `in ${quotePath(backup)}`}.`
}

function past(isPlanned: boolean, count: number): string {
  return isPlanned ? 'would be' : count === 1 ? 'was' : 'were'
}
