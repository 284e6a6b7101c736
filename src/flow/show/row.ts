/** One row of a changeset, plan or receipt, or one entry of a snapshot, as a line without its newline. */
import { Kind, State } from '../../base/constants.ts'
import type { Entry } from '../../model/entries.ts'
import { quoteBytes, quotePath } from '../../model/escape.ts'
import type { OwnerNames } from '../../model/owners.ts'
import { compareBytes } from '../../model/path.ts'
import { formatDateFull } from '../../model/time.ts'
import { kindWords, stateWords } from '../../model/words.ts'
import { describeChanges, formatDevice } from './changes.ts'
import { type Operation, operationOf } from './operation.ts'
import { formatBytes, formatCount, formatGroup, formatMode, formatUser, isDevice } from './words.ts'

/** A row with what a plan adds. */
export type ShownRow = {
  path: Uint8Array
  before: Entry | null
  after: Entry | null
  seen: Entry | null
  state: number
  /** Whether its contents count as changed (model/need.ts). */
  needsContent: boolean
}

const STATE_WIDTH = 'conflict exists '.length + 1
export const OPERATION_WIDTH = 8
export const KIND_WIDTH = 10

/** What happens, to which kind of entry, at which path, and what of it changes. */
export function formatRow(row: ShownRow, hasState: boolean, names: OwnerNames): string {
  const operation = operationOf(row.before, row.after)
  const entry = (row.after ?? row.before)!
  const state = hasState ? formatState(row.state).padEnd(STATE_WIDTH) : ''
  const start = state + operation.padEnd(OPERATION_WIDTH) + kindWords[entry.kind]!.padEnd(KIND_WIDTH)
  const details = describeRow(row, operation, names)
  if (isConflict(row.state)) details.push(...describeThere(row, names))
  return `${start}${quotePath(row.path)}${formatPointer(entry)}${details.length === 0 ? '' : `  ${details.join(', ')}`}`
}

function formatState(state: number): string {
  return isConflict(state) ? `conflict ${stateWords[state]}` : stateWords[state]!
}

function isConflict(state: number): boolean {
  return state >= State.changed && state <= State.links
}

/** Where a symlink points, and the first name of a further name. */
function formatPointer(entry: Entry): string {
  const target = entry.target.length === 0 ? '' : ` -> ${quoteBytes(entry.target)}`
  return entry.link.length === 0 ? target : `${target} = ${quotePath(entry.link)}`
}

function describeRow(row: ShownRow, operation: Operation, names: OwnerNames): string[] {
  const { before, after } = row
  const details: string[] = []
  if (after !== null && after.moved.length > 0) details.push(`moved from ${quotePath(after.moved)}`)
  if (before !== null && before.moved.length > 0) {
    details.push(`${after === null ? 'moved to' : 'what was here moved to'} ${quotePath(before.moved)}`)
  }
  if (operation === 'change') return [...details, ...describeChanges(before!, after!, row.needsContent, names)]
  if (operation === 'move' && before !== null && before.moved.length === 0) {
    details.push(`in place of a ${kindWords[before.kind]}`)
  }
  const size = operation === 'link' || operation === 'leave' ? '' : describeSize((after ?? before)!)
  return size === '' ? details : [...details, size]
}

function describeSize(entry: Entry): string {
  if (isDevice(entry.kind)) return `device ${formatDevice(entry)}`
  return entry.kind === Kind.file && entry.link.length === 0 ? formatBytes(entry.size) : ''
}

/** What is at the target instead of what was expected. */
function describeThere({ seen, before, state }: ShownRow, names: OwnerNames): string[] {
  if (state === State.parent) return ['there: no directory that it could be in']
  if (seen !== null) return [describeSeen(state === State.links ? seen : linkedAs(before, seen), before, names)]
  return state === State.missing ? ['there: nothing'] : []
}

/** Which names a file has is not part of what was seen: only a conflict `links` says that they are others than expected. */
function linkedAs(before: Entry | null, seen: Entry): Entry {
  return before === null ? seen : { ...seen, link: before.link }
}

function describeSeen(seen: Entry, before: Entry | null, names: OwnerNames): string {
  const isOther = before === null || before.kind !== seen.kind
  const changes = isOther ? [] : describeChanges(before, seen, isOtherContent(before, seen), names)
  if (changes.length > 0) return `there: ${changes.join(', ')}`
  return `there: ${[kindWords[seen.kind]!, describeSize(seen)].filter((word) => word !== '').join(' of ')}`
}

function isOtherContent(a: Entry, b: Entry): boolean {
  return a.content.length > 0 && b.content.length > 0 && compareBytes(a.content, b.content) !== 0
}

/** An entry as `ls -l` shows it: mode, owner, size, time in UTC, path, and where it points. */
export function formatEntry(path: Uint8Array, entry: Entry, names: OwnerNames): string {
  const size = isDevice(entry.kind) ? formatDevice(entry) : entry.kind === Kind.file ? formatCount(entry.size) : '-'
  const columns = [
    formatMode(entry.kind, entry.mode) + (entry.xattrs.length > 0 ? '+' : ' '),
    formatUser(entry.uid, names).padEnd(8),
    formatGroup(entry.gid, names).padEnd(8),
    size.padStart(13),
    formatDateFull(entry.mtimeSec, entry.mtimeNsec),
    quotePath(path) + formatPointer(entry),
  ]
  return columns.join(' ')
}
