/** The way back of an apply as a changeset of its own, with data: from what will be at the target to what is there now. */
import { Kind, State } from '../base/constants.ts'
import { RefusedError } from '../base/errors.ts'
import { createMonitor } from '../base/monitor.ts'
import { TOOL } from '../base/version.ts'
import { nameAddress } from '../host/c-string.ts'
import { closeFd } from '../host/dir.ts'
import type { Found, Journal } from '../host/journal.ts'
import { movedTo, Op } from '../host/journal-frame.ts'
import type { Policy } from '../host/policy.ts'
import { readHoles } from '../host/read-holes.ts'
import { openFile } from '../host/see.ts'
import { statxName, stx } from '../host/statx.ts'
import type { Target } from '../host/target.ts'
import { type Cursor, closeCursor, createCursor, enter } from '../host/target-cursor.ts'
import { BatchBuilder } from '../model/batch.ts'
import { EMPTY } from '../model/bytes-column.ts'
import type { Entry, Hint } from '../model/entries.ts'
import { quotePath } from '../model/escape.ts'
import { InodeTable } from '../model/inode-table.ts'
import type { End, Header, Item } from '../model/item.ts'
import { changesContent } from '../model/need.ts'
import { compareBytes } from '../model/path.ts'
import { type Happening, happenings } from './happenings.ts'
import { pack } from './pack.ts'
import { formatNoun } from './show/words.ts'

/**
 * The items of the changeset that leads back, contents from the target's own files. What the apply keeps beside its place
 * comes back from there. Take all of it before the commit. What it cannot bring back is a problem `not-kept` before the end: a
 * file's further names that no row speaks of keep the file that it was.
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
  const lost = new InodeTable()
  const rows = inverseItems(journal, target, header, policy, lost)
  for await (const item of pack(rows, { source, old: null, basis: null, both: false, level: null, monitor })) {
    if (item.kind === 'problem') {
      const { path, detail } = item.problem
      throw new RefusedError('undo-incomplete', `${quotePath(path)} cannot be kept for undo: ${detail}`)
    }
    if (item.kind === 'end' && lost.size > 0) yield linksLost(lost.size)
    yield item
  }
}

function linksLost(count: number): Item {
  const detail = `links of ${formatNoun(count, 'file')} with names that no row speaks of`
  return { kind: 'problem', problem: { path: EMPTY, code: 'not-kept', phase: 'apply', detail } }
}

/** @param lost is left with the inodes whose names do not all come back */
async function* inverseItems(
  journal: Journal,
  target: Target,
  header: Header,
  policy: Policy,
  lost: InodeTable,
): AsyncGenerator<Item> {
  yield { kind: 'header', header: undoHeader(header) }
  const builder = new BatchBuilder()
  const cursor = createCursor(target.fd)
  try {
    for (const happening of happenings(journal, policy)) {
      if (happening.end !== 'done') continue
      noteLink(lost, happening)
      addInverse(builder, happening, cursor)
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
  const content = contentOf(before, after, row)
  const holes = holesOf(cursor, dir, name)
  // Contents that are not known are sent whatever size and time say: these are of two files, not of one before and after.
  const hint = holes.length > 0 || content === null ? { ...NO_HINT, racy: content === null ? 1 : 0, holes } : null
  builder.after.set(index, { ...before, content: content ?? EMPTY, hint })
}

/** An entry that goes, and does not come back as the inode that it was, leaves the other names of that. */
function noteLink(lost: InodeTable, { dir, name, before, row }: Happening): void {
  if (row === null || before === null || before.kind === Kind.directory) return
  const { frame, i } = row
  const op = frame.op[i]!
  if ((op & (Op.out | Op.swap)) === 0 || (op & Op.keep) !== 0 || movedTo(frame, i).length > 0) return
  const { ino, nlink } = frame.batch.seen!.hints!
  const low = Number(ino[i]! & 0xffff_ffffn)
  const high = Number(ino[i]! >> 32n)
  if (nlink[i]! > 1) lost.meet(low, high, 0, nlink[i]!, dir, name)
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
