/**
 * Contents that the target has under some other name need not be sent (spec §8.8). A plan says so by recipes of one range: the
 * whole of a file that is there before. Files are looked at when the first row needs a content, and read where their size
 * is that of one. Until all is found the plan waits in a temporary file; a plan that needs nothing passes through.
 */
import { Kind } from '../../base/constants.ts'
import { HostError } from '../../base/errors.ts'
import { createMonitor } from '../../base/monitor.ts'
import { closeFd, openRoot } from '../../host/entry/dir.ts'
import { Spool } from '../../host/stream/spool.ts'
import { closeTarget, openTarget } from '../../host/target/target.ts'
import { listFiles } from '../../host/walk/file-list.ts'
import { FileHasher } from '../../host/walk/hash-files.ts'
import { type Batch, forEachRow, pathAt } from '../../model/batch.ts'
import { EMPTY, optionalBytesAt } from '../../model/bytes-column.ts'
import { contentAt, ID_BYTES } from '../../model/entries.ts'
import type { Header, Item } from '../../model/item.ts'
import { pathKey } from '../../model/path.ts'
import { dirIndexOf } from '../../model/splice.ts'
import { scan, USED_HERE } from '../scan/scan.ts'
import { fillSpool, itemsOf } from '../stream/spooled-items.ts'
import { arrivedIn } from './kept-contents.ts'
import { isWanted, WantedContents } from './wanted-contents.ts'

export type FindOptions = {
  /** The root of the tree that the plan is for. */
  target: Uint8Array
  /** Threads that look for files, this one among them. */
  threadCount: number
}

/** The items of a plan, with recipes for what the target has. @throws HostError */
export async function* markFound(items: AsyncIterable<Item>, options: FindOptions): AsyncGenerator<Item> {
  const iterator = items[Symbol.asyncIterator]()
  const wanted = new WantedContents()
  let header: Header | null = null
  try {
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
      const item = next.value
      if (item.kind === 'header') header = item.header
      const isNeeded = item.kind === 'rows' && header?.data === false && wanted.addBatch(item.batch)
      if (isNeeded) yield* spoolAndMark(header!, item, iterator, wanted, options)
      else yield item
    }
  } finally {
    await iterator.return?.()
  }
}

/** Takes the items to their end before the first is handed on. */
async function* spoolAndMark(
  header: Header,
  first: Item,
  rest: AsyncIterator<Item>,
  wanted: WantedContents,
  options: FindOptions,
): AsyncGenerator<Item> {
  let end: Item | null = null
  async function* all(): AsyncGenerator<Item> {
    yield { kind: 'header', header }
    yield first
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) {
      if (next.value.kind === 'rows') wanted.addBatch(next.value.batch)
      if (next.value.kind === 'end') end = next.value
      yield next.value
    }
  }
  const spool = new Spool()
  try {
    await fillSpool(spool, all())
    await findFiles(wanted, options)
    let marks: Item[] = []
    for await (const item of itemsOf(spool)) {
      // What the stream brings itself comes behind its rows, and is not marked twice.
      if (item.kind === 'content' || item.kind === 'recipe') marks = marks.filter((mark) => !isOf(mark, item))
      if (item.kind === 'rows' || item.kind === 'end') yield* marks
      if (item.kind === 'rows') marks = marksOf(item.batch, wanted)
      if (item.kind !== 'header' && item.kind !== 'end') yield item
    }
    if (end !== null) yield end
  } finally {
    spool.close()
  }
}

function isOf(mark: Item, item: Item & { kind: 'content' | 'recipe' }): boolean {
  const id = item.kind === 'content' ? item.piece.id : item.recipe.id
  return mark.kind === 'recipe' && pathKey(mark.recipe.id) === pathKey(id)
}

function marksOf(batch: Batch, wanted: WantedContents): Item[] {
  const marks = new Map<string, Item>()
  forEachRow(batch, (_d, i) => {
    if (!isWanted(batch, i)) return
    const id = contentAt(batch.after!, i).slice()
    const path = wanted.placeOf(id)
    if (path === null || marks.has(pathKey(id))) return
    const size = batch.after!.size[i]!
    const ranges = [{ from: 'before' as const, path, offset: 0, length: size }]
    marks.set(pathKey(id), { kind: 'recipe', recipe: { id, size, literals: EMPTY, ranges, squeezes: [] } })
  })
  return [...marks.values()]
}

/** Looks at the files under the target until every content has a place. */
async function findFiles(wanted: WantedContents, { target, threadCount }: FindOptions): Promise<void> {
  const rootFd = openExisting(target)
  if (rootFd === -1) return
  noteArrived(wanted, target)
  const hasher = new FileHasher(rootFd, false, null)
  try {
    for await (const item of scan({ ...LOOK, root: target, threadCount, monitor: createMonitor('plan') })) {
      if (item.kind === 'rows') hashCandidates(wanted, item.batch, hasher)
      if (wanted.missingCount === 0) return
    }
  } finally {
    hasher.close()
    closeFd(rootFd)
  }
}

/** What an apply that was cut short has left there counts too: the next one takes it from there. */
function noteArrived(wanted: WantedContents, path: Uint8Array): void {
  const target = openTarget(path)
  try {
    for (const content of arrivedIn(target, ({ id }) => wanted.isMissing(id))) {
      wanted.notePlace(content.id, content.size, content.path)
    }
  } finally {
    closeTarget(target)
  }
}

/** The root, or -1 where it is still to be made. */
function openExisting(path: Uint8Array): number {
  try {
    return openRoot(path)
  } catch (error) {
    if (error instanceof HostError && error.code === 'ENOENT') return -1
    throw error
  }
}

/** Names, sizes and inodes, on the one filesystem that an apply works in. */
const LOOK = { ...USED_HERE, oneFileSystem: true, xattrs: false, filters: [] as string[] }

function hashCandidates(wanted: WantedContents, batch: Batch, hasher: FileHasher): void {
  const after = batch.after!
  const rows: number[] = []
  for (let i = 0; i < batch.rowCount; i++) {
    const isFirst = after.kind[i] === Kind.file && optionalBytesAt(after.link, i).length === 0
    if (isFirst && wanted.hasSize(after.size[i]!)) rows.push(i)
  }
  if (rows.length === 0) return
  const { ids, failed, refreshed } = hasher.hash(listFiles(batch, Uint32Array.from(rows)))
  // A file that could not be read, or is being written, has no id: zeros are nobody's.
  for (const { index } of [...failed, ...refreshed]) ids.fill(0, index * ID_BYTES, (index + 1) * ID_BYTES)
  for (const [k, i] of rows.entries()) {
    const id = ids.subarray(k * ID_BYTES, (k + 1) * ID_BYTES)
    wanted.notePlace(id, after.size[i]!, pathAt(batch, dirIndexOf(batch, i), i))
  }
}
