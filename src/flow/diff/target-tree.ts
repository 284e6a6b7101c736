/** The tree at a target as a snapshot, for a touch: files that have one of its times are read for their content ids. */
import { Kind } from '../../base/constants.ts'
import { createMonitor } from '../../base/monitor.ts'
import { closeFd, openRoot } from '../../host/entry/dir.ts'
import { Spool } from '../../host/stream/spool.ts'
import type { Target } from '../../host/target/target.ts'
import { listFiles } from '../../host/walk/file-list.ts'
import { FileHasher } from '../../host/walk/hash-files.ts'
import type { Batch } from '../../model/batch.ts'
import { EMPTY, optionalBytesAt } from '../../model/bytes-column.ts'
import type { Header, Item } from '../../model/item.ts'
import { TimeTable, type Touch } from '../../model/touch.ts'
import { selectRows } from '../../tree/select-rows.ts'
import { scan, USED_HERE } from '../scan/scan.ts'
import { LinkIds, setContents } from '../scan/scan-links.ts'
import { fillSpool, itemsOf } from '../stream/spooled-items.ts'
import { expandTouch } from './expand-touch.ts'

/**
 * The items with their touch told as rows, as the target has them.
 * @throws RefusedError `touched-differ` before the end; HostError
 */
export function touchedAt(
  items: AsyncIterable<Item>,
  target: Target,
  threadCount: number,
): Promise<AsyncIterable<Item>> {
  return expandTouch(items, (header, touch) => targetTree(target, header, touch, threadCount))
}

/**
 * The same for items that are read again and again while the changeset is done: the files are those that were found at first. Whoever
 * has written to one meanwhile is met where its row is compared. They lie on disk.
 */
export class FirstTouched {
  readonly #target: Target
  readonly #threadCount: number
  #spool: Spool | null = null

  constructor(target: Target, threadCount: number) {
    this.#target = target
    this.#threadCount = threadCount
  }

  /** @throws as `touchedAt` */
  async *rows(items: AsyncIterable<Item>): AsyncGenerator<Item> {
    yield* await expandTouch(items, (header, touch) => this.#open(header, touch))
  }

  close(): void {
    this.#spool?.close()
  }

  async #open(header: Header, touch: Touch): Promise<AsyncIterable<Item>> {
    if (this.#spool === null) {
      this.#spool = new Spool()
      await fillSpool(this.#spool, filesOf(targetTree(this.#target, header, touch, this.#threadCount), touch))
    }
    return itemsOf(this.#spool)
  }
}

/** Of a tree, the files that have one of the times, whether rows name them or not; problems tell what was not seen. */
async function* filesOf(tree: AsyncIterable<Item>, touch: Touch): AsyncGenerator<Item> {
  const times = new TimeTable(touch.pairs)
  for await (const item of tree) {
    if (item.kind !== 'rows') {
      yield item
      continue
    }
    const { kind, mtimeSec, mtimeNsec } = item.batch.after!
    const batch = selectRows(item.batch, (i) => kind[i] === Kind.file && times.of(mtimeSec[i]!, mtimeNsec[i]!) !== null)
    if (batch !== null) yield { kind: 'rows', batch }
  }
}

/** What a scan as that of the changeset would see. */
async function* targetTree(target: Target, header: Header, touch: Touch, threadCount: number): AsyncGenerator<Item> {
  if (target.fd === -1) {
    yield* [{ kind: 'header', header: { ...header, kind: 'snapshot' } } as const, NOTHING]
    return
  }
  const xattrs = header.xattrs && !header.ignored.includes('xattrs')
  // The root that is held, not what may be at its path by now.
  const root = Buffer.from(`/proc/self/fd/${target.fd}`)
  const { filters } = header
  const items = scan({
    ...USED_HERE,
    oneFileSystem: false,
    root,
    xattrs,
    filters,
    threadCount,
    monitor: createMonitor('scan'),
  })
  const rootFd = openRoot(root)
  const hasher = new FileHasher(rootFd, xattrs, null)
  const links = new LinkIds()
  const times = new TimeTable(touch.pairs)
  try {
    for await (const item of items) {
      if (item.kind === 'rows') {
        addIds(item.batch, times, hasher)
        links.fill(item.batch)
      }
      yield item
    }
  } finally {
    hasher.close()
    closeFd(rootFd)
  }
}

const NOTHING: Item = {
  kind: 'end',
  end: { rowCount: 0, contentCount: 0, contentBytes: 0, problemCount: 0, judgedByTime: 0, from: EMPTY, to: EMPTY },
}

/** A file that cannot be read has no id, and is then none of those that the touch speaks of. */
function addIds(batch: Batch, times: TimeTable, hasher: FileHasher): void {
  const after = batch.after!
  const rows: number[] = []
  for (let i = 0; i < batch.rowCount; i++) {
    if (after.kind[i] !== Kind.file || after.size[i] === 0 || optionalBytesAt(after.link, i).length > 0) continue
    if (times.of(after.mtimeSec[i]!, after.mtimeNsec[i]!) !== null) rows.push(i)
  }
  if (rows.length === 0) return
  const list = Uint32Array.from(rows)
  setContents(after, list, hasher.hash(listFiles(batch, list)).ids)
}
