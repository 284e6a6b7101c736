/**
 * What plan and apply share: rows are compared with the target and it is decided what would be done for each. Reads only.
 * What was decided is kept in a journal on disk, where later rows find it again.
 */
import { Kind, State } from '../../base/constants.ts'
import { RefusedError } from '../../base/errors.ts'
import { type Checker, checkBatch, closeChecker, createChecker, finishCheck } from '../../host/check/check.ts'
import { checkMoves } from '../../host/check/check-moves.ts'
import { decideFrame } from '../../host/check/decide.ts'
import type { Decider } from '../../host/check/decider.ts'
import { checkHolds, checkMounts, closeHolder, createHolder, type Holder } from '../../host/check/holds.ts'
import type { Glance } from '../../host/check/look.ts'
import { checkPermission, closePermission, createPermission, type Permission } from '../../host/check/permission.ts'
import type { Policy } from '../../host/check/policy.ts'
import { addFrame, createRoom, type Room, reportShort } from '../../host/check/room.ts'
import { readFilesystem } from '../../host/entry/filesystem.ts'
import { type Privileges, readPrivileges } from '../../host/entry/privileges.ts'
import { createSpelling } from '../../host/entry/spelling.ts'
import { appendLive, beginFrame, dropLive, type Journal, keepAside, newJournal } from '../../host/journal/journal.ts'
import type { Frame } from '../../host/journal/journal-frame.ts'
import { addProblem, type Findings } from '../../host/target/findings.ts'
import { createKeeper, type Keeper, learnOwner } from '../../host/target/keeper.ts'
import type { Target } from '../../host/target/target.ts'
import { type Cursor, closeCursor, createCursor } from '../../host/target/target-cursor.ts'
import type { Batch } from '../../model/batch.ts'
import { bytesAt, lengthAt } from '../../model/bytes-column.ts'
import { EntriesBuilder } from '../../model/entries-builder.ts'
import type { Header } from '../../model/item.ts'
import { createOwnerMap, type OwnerMap, type OwnerRule } from './map-owners.ts'
import { changeModes, compileRules, type RowRules } from './row-rules.ts'
import { UnsaidFiller } from './unsaid.ts'
import { unsaidOf } from './unsaid-rows.ts'
import { refuseUntrusted } from './untrusted.ts'

/** What the user lets a stream do. */
export type Rules = RowRules & {
  /** Whose number becomes whose, before names count. */
  owners: readonly OwnerRule[]
  /** Refuse what only a stream of known origin may bring. */
  untrusted: boolean
}

export type JudgeOptions = {
  rules: Rules
  /** What cannot be kept is a problem for each path. */
  strict: boolean
  /** Equal size and time are taken for equal contents. */
  quick: boolean
  /** Owners are numbers; otherwise names count where this process may set owners. */
  numericIds: boolean
  /** Files are never changed in place. */
  isAtomic: boolean
  /** What is done for rows in conflict. */
  policy: Policy
  /** True where the folder for what is overwritten has something at a path. */
  isFolderTaken: (path: Uint8Array) => boolean
  /** All contents come from the stream, none from what is on the disk already: it is then known how much room they need. */
  countsRoom: boolean
}

export type Judge = {
  findings: Findings
  keeper: Keeper
  checker: Checker
  decider: Decider
  cursor: Cursor
  journal: Journal
  owners: OwnerMap | null
  rules: Rules
  /** Null where the rows say everything, or there is no target yet. */
  unsaid: UnsaidFiller | null
  /** Null where the room that is needed is not known. */
  room: Room | null
  holder: Holder
  permission: Permission
  /** Rows, the root's left out, that expect something at the target; and rows that found what they expected, or shall make. */
  expectingCount: number
  sharedCount: number
  /** Of the same rows, those that do not hold already. */
  unsettledCount: number
  /** Some row says that its entry was moved there. */
  hasMoves: boolean
  /** Rows that held already and were not kept in the journal. */
  settledCount: number
}

/** @throws RefusedError `wrong-kind` */
export function createJudge(options: JudgeOptions, target: Target, header: Header, findings: Findings): Judge {
  if (header.kind === 'receipt') {
    throw new RefusedError('wrong-kind', 'a receipt says what was done; it cannot be applied')
  }
  const privileges = readPrivileges()
  const journal = newJournal(target.path)
  const { policy, quick, rules } = options
  const checkOptions = { quick, isPlan: header.kind === 'plan', policy, isLeftOut: compileRules(rules) }
  const fd = target.fd === -1 ? target.parentFd : target.fd
  const filesystem = readFilesystem(fd, target.path, privileges.usesReserve)
  const keeper = createKeeper(privileges, filesystem, true, false, (what, path) => {
    if (options.strict) addProblem(findings, 'not-kept', path(), what)
  })
  if (filesystem.lacks.has('owners')) learnOwner(keeper, fd, target.path)
  const checker = createChecker(target, keeper, createSpelling(filesystem), checkOptions, findings)
  const cursor = createCursor(target.fd)
  const { finder } = checker
  const claimed = new Set<bigint>()
  const unsaid = target.fd === -1 ? null : unsaidOf(header)
  return {
    findings,
    keeper,
    checker,
    decider: {
      keeper,
      findings,
      finder,
      cursor,
      xattrs: null,
      journal,
      quick,
      policy,
      isFolderTaken: options.isFolderTaken,
      isAtomic: options.isAtomic,
      claimed,
      firstSeen: new EntriesBuilder(),
      firstIds: new Map(),
    },
    cursor,
    journal,
    owners: ownerMapFor(options, privileges),
    rules,
    unsaid: unsaid === null ? null : new UnsaidFiller(target.fd, journal, unsaid, quick),
    room: options.countsRoom ? createRoom(filesystem) : null,
    holder: createHolder(filesystem, target, keeper, findings),
    permission: createPermission(target, privileges, options.isAtomic, findings),
    expectingCount: 0,
    sharedCount: 0,
    unsettledCount: 0,
    hasMoves: false,
    settledCount: 0,
  }
}

/**
 * Compares and decides the next rows. The frame is the journal's live one until `keepFrame`.
 * @param glance what was seen at their names beforehand, or null
 * @throws HostError
 */
export function judgeBatch(judge: Judge, batch: Batch, glance: Glance | null): Frame {
  const mapped = changeModes(judge.rules, judge.owners === null ? batch : judge.owners.map(batch))
  const told = judge.unsaid === null ? { batch: mapped, glance } : judge.unsaid.fill(mapped, glance)
  // ORDER: contents of a stranger must not come to run with what an entry of the target has.
  if (judge.rules.untrusted) refuseUntrusted(told.batch, judge.keeper.privileges, judge.findings)
  const frame = checkBatch(judge.checker, told.batch, told.glance)
  countShared(judge, frame)
  if (hasMoves(batch)) judge.hasMoves = true
  beginFrame(judge.journal, frame)
  decideFrame(judge.decider, frame)
  if (judge.room !== null) addFrame(judge.room, frame)
  checkMounts(judge.holder, frame)
  checkPermission(judge.permission, frame)
  checkHolds(judge.holder, frame)
  return frame
}

/** Names count where owners can be set. */
function ownerMapFor({ rules, numericIds }: JudgeOptions, { mayChown }: Privileges): OwnerMap | null {
  const byName = mayChown && !numericIds
  return byName || rules.owners.length > 0 ? createOwnerMap(rules.owners, byName) : null
}

function countShared(judge: Judge, { batch, firstOrdinal }: Frame): void {
  const { before, seen, state, rowCount } = batch
  const isRootFirst = firstOrdinal === 0 && bytesAt(batch.dirs, 0).length + lengthAt(batch.names, 0) === 0
  for (let i = isRootFirst ? 1 : 0; i < rowCount; i++) {
    if (state![i] === State.skipped) continue
    const isThere = seen !== null && seen.kind[i] !== Kind.absent
    if (before !== null && before.kind[i] !== Kind.absent) judge.expectingCount++
    if (state![i] !== State.done) judge.unsettledCount++
    if (isThere && (state![i] === State.do || state![i] === State.done)) judge.sharedCount++
  }
}

/** True where there is anything to do for a row of the frame. */
export function isWork({ op, batch }: Frame): boolean {
  for (let i = 0; i < op.length; i++) if (op[i] !== 0 && batch.state![i] !== State.done) return true
  return false
}

/** Ends the live frame: it is written, unless nothing is to be done for it and later rows can do without it. @throws HostError */
export function keepFrame(judge: Judge, frame: Frame): void {
  const { journal } = judge
  if (isSettled(frame)) {
    dropLive(journal)
    judge.settledCount += frame.batch.rowCount
    return
  }
  keepAside(journal)
  appendLive(journal)
}

/** Rows that hold already are as rows that are not there: nothing changes at their paths. But moves are looked for at both ends. */
function isSettled({ batch }: Frame): boolean {
  if (hasMoves(batch)) return false
  for (let i = 0; i < batch.rowCount; i++) if (batch.state![i] !== State.done) return false
  return true
}

function hasMoves({ before, after }: Batch): boolean {
  return (before?.moved ?? after?.moved ?? null) !== null
}

/** After the last rows: finds what they left out, and says how much room they need where there is less. @throws HostError */
export function finishJudge(judge: Judge): void {
  finishCheck(judge.checker)
  if (judge.hasMoves) checkMoves(judge.journal, judge.findings)
  if (judge.room !== null) reportShort(judge.room, judge.findings)
}

export function closeJudge(judge: Judge): void {
  closeChecker(judge.checker)
  closeCursor(judge.cursor)
  judge.unsaid?.close()
  closeHolder(judge.holder)
  closePermission(judge.permission)
}
