/** What the user lets a stream do: rows that are changed, left out, or refused before they are compared with the target. */
import { Kind } from '../../base/constants.ts'
import type { Batch } from '../../model/batch.ts'
import { optionalBytesAt } from '../../model/bytes-column.ts'
import type { Entries } from '../../model/entries.ts'
import { compileFilters, excludeRule, type Filter, judgePath } from '../../tree/filter.ts'
import { changeMode, type ModeRule } from './mode-rules.ts'

export type RowRules = {
  chmod: readonly ModeRule[]
  /** Patterns (tree/filter.ts); rows that match none, and lie below none, are left out. Empty: all rows. */
  only: readonly string[]
  /** Whether rows that only delete are left out. */
  neverDelete: boolean
}

/** More deletes than these, or than this share of the target's entries, are refused; null: any number. */
export type DeleteLimit = { count: number } | { percent: number } | null

/** The batch with the modes that the rules give; rows of a touch say what the target has, which stays. */
export function changeModes(rules: RowRules, batch: Batch): Batch {
  if (rules.chmod.length === 0) return batch
  const { touched } = batch
  const change = (side: Entries | null) => withModes(rules.chmod, side, touched)
  return { ...batch, before: change(batch.before), after: change(batch.after) }
}

function withModes(rules: readonly ModeRule[], entries: Entries | null, touched: Batch['touched']): Entries | null {
  if (entries === null) return null
  const mode = entries.mode.map((bits, i) => {
    const kind = entries.kind[i]!
    const isAsItIs = kind === Kind.absent || kind === Kind.symlink || touched?.[i] === 1
    return isAsItIs ? bits : changeMode(rules, bits, kind === Kind.directory)
  })
  return { ...entries, mode }
}

/** Which rows are left out: by path and by what they do. */
export type IsLeftOut = (batch: Batch, i: number, path: () => Uint8Array) => boolean

/** @throws UsageError for a pattern that is none */
export function compileRules(rules: RowRules): IsLeftOut | null {
  const matches = rules.only.length === 0 ? null : compileFilters(rules.only.map(excludeRule))
  const onTheWay = new Set(rules.only.flatMap(directoriesOf))
  if (matches === null && !rules.neverDelete) return null
  return (batch, i, path) => {
    const isAfter = (batch.after?.kind[i] ?? Kind.absent) !== Kind.absent
    const isMovedAway = optionalBytesAt(batch.before?.moved ?? null, i).length > 0
    if (rules.neverDelete && !isAfter && !isMovedAway) return true
    return matches !== null && !isSelected(matches, onTheWay, batch, i, path())
  }
}

function isSelected(
  matches: Filter,
  onTheWay: ReadonlySet<string>,
  { before, after }: Batch,
  i: number,
  path: Uint8Array,
): boolean {
  const isDirectory = (after?.kind[i] || before?.kind[i]) === Kind.directory
  // Whoever selects one end of a move gets both, for neither can be done without the other.
  const paths = [path, optionalBytesAt(before?.moved ?? null, i), optionalBytesAt(after?.moved ?? null, i)]
  if (paths.some((some) => some.length > 0 && judgePath(matches, some, isDirectory) === 'excluded')) return true
  // A new directory above what is selected must be made.
  const isNew = after?.kind[i] === Kind.directory && (before?.kind[i] ?? Kind.absent) === Kind.absent
  return isNew && onTheWay.has(Buffer.from(path).toString('latin1'))
}

/** The directories above what an anchored pattern names literally. */
function directoriesOf(pattern: string): string[] {
  if (!pattern.startsWith('/')) return []
  const names = pattern.split('/').filter((name) => name !== '')
  const literal = names.findIndex((name) => /[*?[\\]/.test(name))
  const end = literal < 0 ? names.length - 1 : literal
  return Array.from({ length: end }, (_, k) => Buffer.from(names.slice(0, k + 1).join('/')).toString('latin1'))
}
