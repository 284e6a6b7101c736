/**
 * Hard links that an apply takes apart without a row for each name: a file goes, or another takes its place, while the inode stays
 * under names that no row speaks of. The way back puts all of them together again, which takes a look at the whole target.
 */
import { Kind } from '../../base/constants.ts'
import { createMonitor } from '../../base/monitor.ts'
import type { Policy } from '../../host/check/policy.ts'
import { findRow, type Journal } from '../../host/journal/journal.ts'
import { movedTo, Op } from '../../host/journal/journal-frame.ts'
import type { Target } from '../../host/target/target.ts'
import { forEachRow, pathAt } from '../../model/batch.ts'
import { EMPTY } from '../../model/bytes-column.ts'
import { type Entry, entryAt, ownEntry } from '../../model/entries.ts'
import type { Header } from '../../model/item.ts'
import { compareRowPaths, joinPath, pathKey } from '../../model/path.ts'
import { scan, USED_HERE } from '../scan/scan.ts'
import { type Happening, happenings } from './happenings.ts'

/** A name that no row speaks of, of a file that gets its names back. */
export type Bystander = { path: Uint8Array; entry: Entry }

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

/** Names that go (as pathKey), and those that the target has, of one inode. */
type Group = { nlink: number; going: Set<string>; names: Bystander[] }

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
  const groups = takenApart(journal, policy, links)
  if (groups.size === 0) return links
  await meetNames(groups, target, header)
  for (const group of groups.values()) putTogether(journal, group, links)
  links.bystanders.sort((a, b) => compareRowPaths(a.path, b.path))
  return links
}

/** Inodes of which some names go, and not all, by number: a target is one filesystem. */
function takenApart(journal: Journal, policy: Policy, links: UndoLinks): Map<bigint, Group> {
  const groups = new Map<bigint, Group>()
  for (const happening of happenings(journal, policy)) {
    if (!goes(happening)) continue
    const { frame, i } = happening.row!
    const { ino, nlink } = frame.batch.seen!.hints!
    if (nlink[i]! < 2) continue
    const key = pathKey(joinPath(happening.dir, happening.name))
    const group = groups.get(ino[i]!)
    if (group !== undefined) group.going.add(key)
    else if (groups.size === GROUPS_MAX) links.lostCount++
    else groups.set(ino[i]!, { nlink: nlink[i]!, going: new Set([key]), names: [] })
  }
  for (const [ino, { nlink, going }] of groups) if (going.size >= nlink) groups.delete(ino)
  return groups
}

/** The entry leaves its name, by itself or with a directory above, and does not come back as the inode that it was. */
function goes({ before, after, end, row }: Happening): boolean {
  if (end !== 'done' || row === null || before === null || before.kind === Kind.directory) return false
  if (before.moved.length > 0) return false
  const op = row.frame.op[row.i]!
  return (op & (Op.out | Op.swap)) !== 0 || (op === 0 && after === null)
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
function putTogether(journal: Journal, { nlink, going, names }: Group, links: UndoLinks): void {
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
    if (comesBack && !going.has(key)) links.bystanders.push({ path, entry: { ...entry, link: EMPTY } })
  }
}

function isMovedAway(journal: Journal, path: Uint8Array): boolean {
  const row = findRow(journal, path)
  return row !== null && movedTo(row.frame, row.i).length > 0
}
