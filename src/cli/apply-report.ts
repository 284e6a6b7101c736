/** What an apply has to say, and the exit status that goes with it. */
import { unreachable } from '../base/assert.ts'
import { State } from '../base/constants.ts'
import type { ApplyReport } from '../flow/apply/apply-options.ts'
import type { ApplyCounts } from '../flow/plan/apply-count.ts'
import { formatRow } from '../flow/show/row.ts'
import { formatBytes, formatNoun } from '../flow/show/words.ts'
import type { BasisCounts } from '../host/stage/stage-basis.ts'
import { say } from '../host/stream/stdio.ts'
import type { Conflict, Findings } from '../host/target/findings.ts'
import type { NotKept } from '../host/target/keeper.ts'
import { type Batch, forEachRow, pathAt } from '../model/batch.ts'
import { entryAt } from '../model/entries.ts'
import { quotePath } from '../model/escape.ts'
import { needsContent } from '../model/need.ts'
import { ownerNames } from '../model/owners.ts'
import { stateWords } from '../model/words.ts'
import { type KeptOptions, keptLines } from './kept-lines.ts'
import { CHANGED_IN_PART, explain, KEPT, problemLine, Status } from './sentences.ts'

const LISTED_MAX = 50

/** Says what went wrong, path by path, then what it means for the target. Gives the exit status. */
export function reportApply(name: string, report: ApplyReport, options: KeptOptions): number {
  const { findings } = report
  listFindings(name, findings)
  const missing = findings.missing.map((path) => `${quotePath(path)}: its content is neither in the stream nor at hand`)
  list(name, missing, findings.missingCount, 'missing content')
  const lines = [...noteLines(report), ...outcomeLines(report), ...keptLines(report, options)]
  for (const line of report.leftStage === null ? lines : [...lines, KEPT]) say(`${name}: ${line}\n`)
  reportAfterwards(name, report)
  return statusOf(report)
}

/** What failed when all was done: told as any failure, but with what it means for the target. */
function reportAfterwards(name: string, { afterwards }: ApplyReport): void {
  for (const error of afterwards) say(explain(name, error, 'The changeset was applied all the same.').text)
}

/** A line for each conflict and each problem. */
export function listFindings(name: string, findings: Findings): void {
  list(name, findings.conflicts.map(conflictLine), findings.conflictCount, 'conflict')
  list(name, findings.problems.map(problemLine), findings.problemCount, 'problem')
}

/** Some conflicts belong to no row, or are found when its sides are no longer at hand: what is there, or is not, is all to tell. */
function conflictLine(conflict: Conflict): string {
  if (conflict.before !== null || conflict.after !== null) {
    return formatRow({ ...conflict, needsContent: false }, true, ownerNames(null))
  }
  const why =
    conflict.state === State.exists
      ? 'is there, and would be lost with its directory'
      : conflict.state === State.missing
        ? 'the other end of its move is left out, or told by no row'
        : 'was changed while this was at work'
  return `conflict ${stateWords[conflict.state]} ${quotePath(conflict.path)}: ${why}`
}

function list(name: string, lines: string[], count: number, noun: string): void {
  for (const line of lines.slice(0, LISTED_MAX)) say(`${name}: ${line}\n`)
  const rest = count - Math.min(lines.length, LISTED_MAX)
  if (rest > 0) say(`${name}: and ${formatNoun(rest, `more ${noun}`)}\n`)
}

/** What is lost of entries that are made all the same; empty where nothing is. */
export function notKeptLines(notKept: NotKept): string[] {
  const lost = Object.entries(notKept).filter(([, count]) => count > 0)
  const kinds = lost.map(([what, count]) => `${what} of ${formatNoun(count, 'entry')}`)
  return lost.length === 0 ? [] : [`not kept, because this user or this filesystem cannot: ${kinds.join(', ')}`]
}

function noteLines({ notKept, streamProblemCount }: ApplyReport): string[] {
  return [
    ...notKeptLines(notKept),
    ...(streamProblemCount === 0
      ? []
      : [`the stream notes ${formatNoun(streamProblemCount, 'problem')} of its making; fsshow lists them`]),
  ]
}

function outcomeLines({ outcome, findings, isPartly }: ApplyReport): string[] {
  if (isPartly) return [`${outcomeNouns(findings)}: the target was changed by another meanwhile.`, CHANGED_IN_PART]
  switch (outcome) {
    case 'applied':
    case 'unchanged':
    case 'planned':
      return []
    case 'conflicts':
      return [
        `${formatNoun(findings.conflictCount, 'conflict')}: the target is not what the changeset expects. It was not changed.`,
      ]
    case 'missing-contents':
      return [
        `${formatNoun(findings.missingCount, 'content')} missing. The target was not changed.`,
        'Add them with fspack, or name a tree that has them with --source DIR or --basis DIR.',
      ]
    case 'problems':
      return ['The target was not changed.', ...limitLines(findings)]
    default:
      return unreachable(outcome)
  }
}

/** What stopped an apply in place. */
function outcomeNouns({ conflictCount, problemCount, missingCount }: ApplyReport['findings']): string {
  const counts: [number, string][] = [
    [conflictCount, 'conflict'],
    [problemCount, 'problem'],
    [missingCount, 'missing content'],
  ]
  return counts.flatMap(([count, noun]) => (count === 0 ? [] : [formatNoun(count, noun)])).join(', ')
}

/** Limits concern no path but that of the root. */
function limitLines({ problems }: ApplyReport['findings']): string[] {
  const isLimit = problems.some(({ code, path }) => code === 'refused' && path.length === 0)
  return isLimit ? ['Where that is meant, --allow-foreign or another --max-delete says so.'] : []
}

function statusOf({ outcome, findings, counts, afterwards }: ApplyReport): number {
  if (outcome === 'conflicts') return Status.conflicts
  if (outcome === 'missing-contents') return Status.missingContents
  if (outcome === 'problems') return Status.refused
  return findings.problemCount + counts.conflicts + afterwards.length > 0 ? Status.problems : Status.ok
}

/** A line for each row that there is something to do for; conflicts are reported otherwise. */
export function rowsToDo(batch: Batch): string {
  const names = ownerNames(batch.owners)
  let text = ''
  forEachRow(batch, (d, i) => {
    if (batch.state?.[i] !== State.do) return
    const [before, after] = [entryAt(batch.before, i), entryAt(batch.after, i)]
    const needs = needsContent(batch.before, batch.after, i)
    const row = { path: pathAt(batch, d, i), before, after, seen: null, state: State.do, needsContent: needs }
    text += `${formatRow(row, false, names)}\n`
  })
  return text
}

/** One line on what was done, or would be. */
export function summaryLine({ outcome, counts, bytes, fromBasis, fromKept }: ApplyReport): string {
  const words: [keyof ApplyCounts, string][] = [
    ['added', 'added'],
    ['replaced', 'replaced'],
    ['metadata', 'with new metadata'],
    ['moved', 'moved'],
    ['linked', 'linked'],
    ['deleted', 'deleted'],
    ['overridden', 'in conflict and done all the same'],
    ['conflicts', 'in conflict and left'],
    ['skipped', 'left out'],
    ['done', 'as they should be already'],
  ]
  const parts = words.filter(([key]) => counts[key] > 0).map(([key, word]) => `${counts[key]} ${word}`)
  const what = parts.length === 0 ? 'nothing to do' : parts.join(', ')
  if (outcome === 'planned' || outcome === 'unchanged') return what
  const kept = fromKept.count === 0 ? [] : [`${formatNoun(fromKept.count, 'content')} had been kept`]
  return [what, ...basisWords(fromBasis), ...kept, `${formatBytes(bytes)} written`].join('; ')
}

function basisWords(counts: BasisCounts): string[] {
  const words: [keyof BasisCounts, string][] = [
    ['linked', 'linked'],
    ['cloned', 'sharing blocks'],
    ['copied', 'copied'],
  ]
  const parts = words.filter(([key]) => counts[key] > 0).map(([key, word]) => `${counts[key]} ${word}`)
  return parts.length === 0 ? [] : [`from the basis: ${parts.join(', ')}`]
}
