/**
 * Hard links that an apply takes apart without a row for each name: a file goes, or another takes its place, while the inode stays
 * under names that no row speaks of. The way back puts all of them together again, which takes a look at the whole target.
 */
import { Kind } from '../../base/constants.ts'
import { createMonitor } from '../../base/monitor.ts'
import { isConflict } from '../../host/check/check-state.ts'
import type { Policy } from '../../host/check/policy.ts'
import { type Found, findRow, type Journal } from '../../host/journal/journal.ts'
import { movedTo, Op } from '../../host/journal/journal-frame.ts'
import { frames } from '../../host/journal/journal-walk.ts'
import type { Target } from '../../host/target/target.ts'
import { forEachRow, pathAt } from '../../model/batch.ts'
import { EMPTY } from '../../model/bytes-column.ts'
import { type Entry, entryAt, ownEntry } from '../../model/entries.ts'
import type { Header } from '../../model/item.ts'
import { compareBytes, compareRowPaths, joinPath, pathKey, splitPath } from '../../model/path.ts'
import { scan, USED_HERE } from '../scan/scan.ts'
import { endOfDir, type Happening, happenings } from './happenings.ts'

/** What the way back does at a name that no row speaks of, of a file that gets its names back; sides as those of a Happening. */
export type Bystander = { path: Uint8Array; before: Entry | null; after: Entry | null }

/** A name of a file that is there. */
type Name = { path: Uint8Array; entry: Entry }

export type UndoLinks = {
  /** By path, as pathKey: the first name of the group as it was, or EMPTY for that name itself. */
  firstOf: Map<string, Uint8Array>
  /** Names that have to be linked again, in row order. */
  bystanders: Bystander[]
  /** Files whose names do not all come back. */
  lostCount: number
}

/** Inodes that are put together again; of more, the names that no row speaks of do not come back. */
const GROUPS_MAX = 100_000

/** Names that go (as pathKey), and those that the target has, of one inode; isKnown where rows say which names are linked. */
type Group = { nlink: number; going: Set<string>; names: Name[]; isKnown: boolean }

/**
 * What is to be known of hard links before the way back is written. The target is walked only where something would be lost.
 * @throws HostError
 */
export async function findUndoLinks(
  journal: Journal,
  target: Target,
  header: Header,
  policy: Policy,
): Promise<UndoLinks> {
  const links: UndoLinks = { firstOf: new Map(), bystanders: [], lostCount: 0 }
  if (!hasLinked(journal)) return links
  const groups = takenApart(journal, policy, links)
  if (groups.size === 0) return links
  await meetNames(groups, target, header)
  for (const group of groups.values()) putTogether(journal, policy, group, links)
  links.bystanders.sort((a, b) => compareRowPaths(a.path, b.path))
  return links
}

/** Whether any row is of a file that was seen to have several names: most journals have none, and need no closer look. */
function hasLinked(journal: Journal): boolean {
  for (const { batch } of frames(journal)) {
    const { seen } = batch
    const nlink = seen?.hints?.nlink
    if (nlink?.some((count, i) => count > 1 && seen!.kind[i] !== Kind.directory)) return true
  }
  return false
}

/** Inodes whose names go, but not all, or not by rows that say how they are linked. By number: a target is one filesystem. */
function takenApart(journal: Journal, policy: Policy, links: UndoLinks): Map<bigint, Group> {
  const groups = new Map<bigint, Group>()
  for (const happening of happenings(journal, policy)) {
    if (!goes(journal, happening)) continue
    const { frame, i } = happening.row!
    const { ino, nlink } = frame.batch.seen!.hints!
    if (nlink[i]! < 2) continue
    const key = pathKey(joinPath(happening.dir, happening.name))
    // A row that conflicts speaks of another file than the one that goes.
    const isKnown = !isConflict(frame.batch.state![i]!)
    const group = groups.get(ino[i]!)
    if (group !== undefined) {
      group.going.add(key)
      group.isKnown &&= isKnown
    } else if (groups.size === GROUPS_MAX) links.lostCount++
    else groups.set(ino[i]!, { nlink: nlink[i]!, going: new Set([key]), names: [], isKnown })
  }
  for (const [ino, { nlink, going, isKnown }] of groups) if (isKnown && going.size >= nlink) groups.delete(ino)
  return groups
}

/** The entry leaves its name, by itself or with a directory above, and does not come back as the inode that it was. */
function goes(journal: Journal, { before, after, end, row }: Happening): boolean {
  if (end !== 'done' || row === null || before === null || before.kind === Kind.directory) return false
  // Of what is moved back, only files and directories keep their inodes.
  if (before.moved.length > 0) return before.kind !== Kind.file || isCopied(journal, row)
  const op = row.frame.op[row.i]!
  return (op & (Op.out | Op.swap)) !== 0 || (op === 0 && after === null)
}

/** What the row moves away arrives as another inode, for its own has names that its new metadata is not for. */
function isCopied(journal: Journal, { frame, i }: Found): boolean {
  const destination = movedTo(frame, i)
  const end = destination.length === 0 ? null : findRow(journal, destination)
  return end !== null && (end.frame.op[end.i]! & Op.copy) !== 0
}

async function meetNames(groups: Map<bigint, Group>, { fd }: Target, { xattrs }: Header): Promise<void> {
  // The root that is held, not what may be at its path by now.
  const root = Buffer.from(`/proc/self/fd/${fd}`)
  const place = { root, oneFileSystem: true, filters: [], threadCount: 1, monitor: createMonitor('undo') }
  for await (const item of scan({ ...USED_HERE, ...place, xattrs })) {
    if (item.kind !== 'rows') continue
    const { batch } = item
    const hints = batch.after!.hints!
    forEachRow(batch, (d, i) => {
      const group = hints.nlink[i]! < 2 ? undefined : groups.get(hints.ino[i]!)
      if (group === undefined || batch.after!.kind[i] === Kind.directory) return
      group.names.push({ path: pathAt(batch, d, i), entry: ownEntry(entryAt(batch.after, i)!) })
    })
  }
}

/** Links lead to the name that comes first (spec §5.4): the inode that stays, or, where that name goes, the one that comes back. */
function putTogether(journal: Journal, policy: Policy, { nlink, going, names }: Group, links: UndoLinks): void {
  const [first, ...others] = names
  if (first === undefined || others.length === 0) {
    links.lostCount++
    return
  }
  const comesBack = going.has(pathKey(first.path))
  // Names elsewhere keep the inode that they have; one that moves away and back cannot become a link as well.
  const isWhole = names.length >= nlink && !others.some(({ path }) => isMovedAway(journal, path))
  if (comesBack && !isWhole) {
    links.lostCount++
    return
  }
  links.firstOf.set(pathKey(first.path), EMPTY)
  for (const { path, entry } of others) {
    const key = pathKey(path)
    if (comesBack || going.has(key)) links.firstOf.set(key, first.path)
    if (comesBack && !going.has(key)) {
      links.bystanders.push(...bystandersOf(journal, policy, path, { ...entry, link: EMPTY }))
    }
  }
}

/** A name that a directory takes along, or is kept with one, is linked again at its old place, and goes from the new one. */
function bystandersOf(journal: Journal, policy: Policy, path: Uint8Array, entry: Entry): Bystander[] {
  const { dir, name } = splitPath(path)
  const place = joinPath(endOfDir(journal, policy, dir), name)
  if (compareBytes(place, path) === 0) return [{ path, before: entry, after: entry }]
  return [
    { path, before: entry, after: null },
    { path: place, before: null, after: entry },
  ]
}

function isMovedAway(journal: Journal, path: Uint8Array): boolean {
  const row = findRow(journal, path)
  return row !== null && movedTo(row.frame, row.i).length > 0
}
