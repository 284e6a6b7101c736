/** The way back of an apply as a changeset of its own, with data: from what will be at the target to what is there now. */
import { Kind, State } from '../base/constants.ts'
import { RefusedError } from '../base/errors.ts'
import { createMonitor } from '../base/monitor.ts'
import { TOOL } from '../base/version.ts'
import { nameAddress } from '../host/c-string.ts'
import { closeFd } from '../host/dir.ts'
import type { Journal } from '../host/journal.ts'
import type { Frame } from '../host/journal-frame.ts'
import { frames } from '../host/journal-walk.ts'
import { readHoles } from '../host/read-holes.ts'
import { openFile } from '../host/see.ts'
import { statxName, stx } from '../host/statx.ts'
import type { Target } from '../host/target.ts'
import { type Cursor, closeCursor, createCursor, enter } from '../host/target-cursor.ts'
import { type Batch, BatchBuilder, forEachRow } from '../model/batch.ts'
import { bytesAt, EMPTY } from '../model/bytes-column.ts'
import { type Entry, entryAt, type Hint } from '../model/entries.ts'
import { quotePath } from '../model/escape.ts'
import type { End, Header, Item } from '../model/item.ts'
import { needsContent } from '../model/need.ts'
import { pack } from './pack.ts'

/**
 * The items of the changeset that leads back, contents from the target's own files. Take all of it before the commit.
 * @throws RefusedError `undo-incomplete` where an old content cannot be read; HostError
 */
export async function* undoItems(journal: Journal, target: Target, header: Header): AsyncGenerator<Item> {
  // The root that is held, not what may be at its path by now.
  const source = Buffer.from(`/proc/self/fd/${target.fd}`)
  const monitor = createMonitor('undo')
  for await (const item of pack(inverseItems(journal, target, header), {
    source,
    old: null,
    basis: null,
    both: false,
    level: null,
    monitor,
  })) {
    if (item.kind === 'problem') {
      const { path, detail } = item.problem
      throw new RefusedError('undo-incomplete', `${quotePath(path)} cannot be kept for undo: ${detail}`)
    }
    yield item
  }
}

async function* inverseItems(journal: Journal, target: Target, header: Header): AsyncGenerator<Item> {
  yield { kind: 'header', header: undoHeader(header) }
  const builder = new BatchBuilder()
  const cursor = createCursor(target.fd)
  try {
    for (const frame of frames(journal)) {
      for (const batch of inverseOf(builder, frame, cursor)) yield { kind: 'rows', batch }
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

/** Adds the rows of a frame that will be done; gives the batches that become full. */
function* inverseOf(builder: BatchBuilder, frame: Frame, cursor: Cursor): Iterable<Batch> {
  const { batch } = frame
  const full: Batch[] = []
  forEachRow(batch, (d, i) => {
    if (batch.state![i] !== State.do) return
    const index = builder.addRow(bytesAt(batch.dirs, d), bytesAt(batch.names, i))
    const after = entryAt(batch.after, i)
    if (after !== null) builder.before.set(index, { ...after, hint: null })
    const seen = seenEntry(batch, i)
    if (seen !== null) builder.after.set(index, { ...seen, hint: holesHint(cursor, batch, d, i) })
    const taken = builder.isFull ? builder.take() : null
    if (taken !== null) full.push(taken)
  })
  yield* full
}

/** What is there, with the links and moves that the row tells of it. */
function seenEntry(batch: Batch, i: number): Entry | null {
  const seen = entryAt(batch.seen, i)
  if (seen === null) return null
  const before = entryAt(batch.before, i)
  const { link, moved } = before ?? { link: EMPTY, moved: EMPTY }
  // Where the contents stay, they have the id that the row gives them.
  const isSameContent = seen.content.length === 0 && !needsContent(batch.before, batch.after, i)
  const content = isSameContent ? (entryAt(batch.after, i)?.content ?? EMPTY) : seen.content
  return { ...seen, link, moved, content: seen.kind === Kind.file ? content : EMPTY, hint: null }
}

/** The holes of a sparse file whose bytes go into the changeset, as a hint. */
function holesHint(cursor: Cursor, batch: Batch, d: number, i: number): Hint | null {
  if (batch.seen!.kind[i] !== Kind.file) return null
  const dirFd = enter(cursor, bytesAt(batch.dirs, d))
  const name = bytesAt(batch.names, i)
  if (dirFd === -1 || statxName(dirFd, nameAddress(name)) !== 0 || stx.blocks() * BLOCK_BYTES >= stx.size()) return null
  const size = stx.size()
  const fd = openFile(dirFd, name, null)
  if (fd === -1) return null
  const holes = readHoles(fd, size)
  closeFd(fd)
  return { ino: 0n, devMajor: 0, devMinor: 0, ctimeSec: 0, ctimeNsec: 0, nlink: 1, racy: 0, holes }
}

/** What statx(2) counts in. */
const BLOCK_BYTES = 512
