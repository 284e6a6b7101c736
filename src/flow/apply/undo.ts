/** The way back of an apply as a changeset of its own, with data: from what will be at the target to what is there now. */
import { Kind, State } from '../../base/constants.ts'
import { RefusedError } from '../../base/errors.ts'
import { createMonitor } from '../../base/monitor.ts'
import { TOOL } from '../../base/version.ts'
import type { Policy } from '../../host/check/policy.ts'
import { closeFd } from '../../host/entry/dir.ts'
import { readPrivileges } from '../../host/entry/privileges.ts'
import { readHoles } from '../../host/entry/read-holes.ts'
import { openFile } from '../../host/entry/see.ts'
import { statxName, stx } from '../../host/entry/statx.ts'
import type { Found, Journal } from '../../host/journal/journal.ts'
import { nameAddress } from '../../host/native/c-string.ts'
import type { Target } from '../../host/target/target.ts'
import { type Cursor, closeCursor, createCursor, enter } from '../../host/target/target-cursor.ts'
import { BatchBuilder } from '../../model/batch.ts'
import { EMPTY } from '../../model/bytes-column.ts'
import type { Entry, Hint } from '../../model/entries.ts'
import { quotePath } from '../../model/escape.ts'
import type { End, Header, Item } from '../../model/item.ts'
import { changesContent } from '../../model/need.ts'
import { compareBytes, compareRowPaths, joinPath, pathKey, splitPath } from '../../model/path.ts'
import { pack } from '../pack/pack.ts'
import { formatNoun } from '../show/words.ts'
import { type Happening, happenings } from './happenings.ts'
import { type Bystander, findUndoLinks, type UndoLinks } from './undo-links.ts'

/**
 * The items of the changeset that leads back, contents from the target's own files. What the apply keeps beside its place
 * comes back from there. Take all of it before the commit. What it cannot bring back is a problem `not-kept` before the end: hard
 * links to names outside of the target.
 * @throws RefusedError `undo-incomplete` where an old content cannot be read; HostError
 */
export async function* undoItems(
  journal: Journal,
  target: Target,
  header: Header,
  policy: Policy,
): AsyncGenerator<Item> {
  // The root that is held, not what may be at its path by now.
  const source = Buffer.from(`/proc/self/fd/${target.fd}`)
  const monitor = createMonitor('undo')
  const links = await findUndoLinks(journal, target, header, policy)
  const rows = inverseItems(journal, target, header, policy, links)
  for await (const item of pack(rows, { source, old: null, basis: null, both: false, level: null, monitor })) {
    if (item.kind === 'problem') {
      const { path, detail } = item.problem
      throw new RefusedError('undo-incomplete', `${quotePath(path)} cannot be kept for undo: ${detail}`)
    }
    if (item.kind === 'end' && links.lostCount > 0) yield linksLost(links.lostCount)
    yield item
  }
}

function linksLost(count: number): Item {
  const detail = `links of ${formatNoun(count, 'file')} with other names outside of the target, or with names that move`
  return { kind: 'problem', problem: { path: EMPTY, code: 'not-kept', phase: 'apply', detail } }
}

async function* inverseItems(
  journal: Journal,
  target: Target,
  header: Header,
  policy: Policy,
  links: UndoLinks,
): AsyncGenerator<Item> {
  yield { kind: 'header', header: undoHeader(header) }
  const builder = new BatchBuilder()
  const cursor = createCursor(target.fd)
  try {
    for (const happening of withBystanders(journal, policy, links)) {
      addInverse(builder, relinked(happening, links), cursor)
      const batch = builder.isFull ? builder.take() : null
      if (batch !== null) yield { kind: 'rows', batch }
    }
  } finally {
    closeCursor(cursor)
  }
  const last = builder.take()
  if (last !== null) yield { kind: 'rows', batch: last }
  yield { kind: 'end', end: NO_TOTALS }
}

/** What is done, and the names that are linked again, in row order. */
function* withBystanders(journal: Journal, policy: Policy, { bystanders }: UndoLinks): Generator<Happening> {
  let next = 0
  for (const happening of happenings(journal, policy)) {
    if (happening.end !== 'done') continue
    const path = joinPath(happening.dir, happening.name)
    while (next < bystanders.length) {
      const order = compareRowPaths(bystanders[next]!.path, path)
      if (order < 0) yield happeningOf(bystanders[next]!)
      if (order <= 0) next++
      if (order >= 0) break
    }
    yield happening
  }
  while (next < bystanders.length) yield happeningOf(bystanders[next++]!)
}

function happeningOf({ path, before, after }: Bystander): Happening {
  return { ...splitPath(path), before, after, end: 'done', row: null }
}

/** With the links that there were, whatever the rows knew of them. */
function relinked(happening: Happening, { firstOf }: UndoLinks): Happening {
  const { dir, name, before } = happening
  const link = firstOf.size === 0 ? undefined : firstOf.get(pathKey(joinPath(dir, name)))
  return before === null || link === undefined ? happening : { ...happening, before: { ...before, link } }
}

function undoHeader(header: Header): Header {
  return {
    ...header,
    kind: 'changeset',
    tool: TOOL,
    host: '',
    root: EMPTY,
    rootId: null,
    digest: 'none',
    data: true,
    dataBefore: false,
    filters: [],
    // All of it was read here, whatever the changeset says.
    xattrs: true,
    trustedHidden: !readPrivileges().maySetTrusted,
    ignored: [],
    comment: 'undo',
    features: [],
  }
}

/** The writer counts. */
const NO_TOTALS: End = {
  rowCount: 0,
  contentCount: 0,
  contentBytes: 0,
  problemCount: 0,
  judgedByTime: 0,
  from: EMPTY,
  to: EMPTY,
}

function addInverse(builder: BatchBuilder, { dir, name, before, after, row }: Happening, cursor: Cursor): void {
  const index = builder.addRow(dir, name)
  if (after !== null) builder.before.set(index, { ...after, hint: null })
  if (before === null) return
  if (before.kind !== Kind.file) {
    builder.after.set(index, { ...before, hint: null })
    return
  }
  const content = before.link.length > 0 ? before.content : contentOf(before, after, row)
  const holes = holesOf(cursor, dir, name)
  // Contents that are not known are sent whatever size and time say: these are of two files, not of one before and after.
  const hint = holes.length > 0 || content === null ? { ...NO_HINT, racy: content === null ? 1 : 0, holes } : null
  builder.after.set(index, { ...before, content: content ?? EMPTY, hint })
}

/** The id of the contents before; where file and contents stay, that which the row gives them. Null where contents are not known to stay. */
function contentOf(before: Entry, after: Entry | null, row: Found | null): Uint8Array | null {
  if (before.content.length > 0) return before.content
  if (after === null || row === null) return null
  const { batch } = row.frame
  const isSame = batch.state![row.i] === State.do && after.kind === Kind.file && isSameFile(before, after)
  return isSame && !changesContent(batch.before!, batch.after!, row.i) ? after.content : null
}

/** False where one of the two is another file that came here, or goes elsewhere: equal size and time would say nothing then. */
function isSameFile(before: Entry, after: Entry): boolean {
  return before.moved.length === 0 && after.moved.length === 0 && compareBytes(before.link, after.link) === 0
}

/** The holes of a sparse file whose bytes go into the changeset. */
function holesOf(cursor: Cursor, dir: Uint8Array, name: Uint8Array): Uint8Array {
  const dirFd = enter(cursor, dir)
  if (dirFd === -1 || statxName(dirFd, nameAddress(name)) !== 0 || stx.blocks() * BLOCK_BYTES >= stx.size())
    return EMPTY
  const size = stx.size()
  const fd = openFile(dirFd, name, null)
  if (fd === -1) return EMPTY
  const holes = readHoles(fd, size)
  closeFd(fd)
  return holes
}

const NO_HINT: Hint = { ino: 0n, devMajor: 0, devMinor: 0, ctimeSec: 0, ctimeNsec: 0, nlink: 1, racy: 0, holes: EMPTY }

/** What statx(2) counts in. */
const BLOCK_BYTES = 512
