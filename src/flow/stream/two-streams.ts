/** Two streams read side by side, for the verbs that merge them: rows as they are needed, all else in passing. */
import { assert } from '../../base/assert.ts'
import { FrameType } from '../../base/constants.ts'
import { RefusedError } from '../../base/errors.ts'
import type { Head } from '../../format/frame.ts'
import type { Batch } from '../../model/batch.ts'
import type { End, Header, Item, StreamKind } from '../../model/item.ts'
import type { Problem } from '../../model/problem.ts'
import type { FrameReader } from './reader.ts'

/** A stream as a reader of its bytes, which can pass over frames, or as items from elsewhere, such as a scan. */
export type Source = FrameReader | AsyncIterable<Item>

/** One of the two streams. */
export type Side = {
  readonly header: Header
  /** What its problems are told to, before the rows that follow them are handed out. */
  onProblem: (problem: Problem) => void
  /** The next batch of rows, or null at the end. */
  nextBatch(): Promise<Batch | null>
  /** Head of the next rows frame, where the stream has frames and one is next; items before it are read. */
  peekRows(): Promise<Head | null>
  /** Passes over the rows frame that was peeked at. */
  skipRows(): Promise<void>
  /** Once nextBatch has answered null. */
  readonly end: End
  close(): Promise<void>
}

/** Opens a side: of two changesets or snapshots, or the tree that belongs to a changeset. Throws RefusedError `wrong-kind` where the stream is none of `kinds`. */
export async function openSide(
  which: 'first' | 'second' | 'tree',
  source: Source,
  kinds: readonly StreamKind[],
): Promise<Side> {
  const side = 'peekHead' in source ? readerSide(source) : await itemsSide(source)
  if (kinds.includes(side.header.kind)) return side
  await side.close()
  throw new RefusedError(
    'wrong-kind',
    `the ${which} stream is a ${side.header.kind}; a ${kinds.join(' or a ')} is needed`,
  )
}

function readerSide(reader: FrameReader): Side {
  /** Items of a frame that is neither rows nor end: only problems matter here. */
  async function readAside(side: Side): Promise<void> {
    for (const item of await reader.read()) if (item.kind === 'problem') side.onProblem(item.problem)
  }
  return {
    header: reader.header,
    onProblem: () => {},
    async nextBatch() {
      const head = await this.peekRows()
      if (head === null) return null
      const [item] = await reader.read()
      assert(item?.kind === 'rows')
      return item.batch
    },
    async peekRows() {
      for (;;) {
        const head = await reader.peekHead()
        if (head === null || head.type === FrameType.rows) return head
        await readAside(this)
      }
    },
    skipRows: () => reader.skip(),
    get end() {
      return reader.end
    },
    close: () => reader.close(),
  }
}

async function itemsSide(items: AsyncIterable<Item>): Promise<Side> {
  const iterator = items[Symbol.asyncIterator]()
  const first = await iterator.next()
  assert(first.done !== true && first.value.kind === 'header', 'the first item is the header')
  let end: End | null = null
  const side: Side = {
    header: first.value.header,
    onProblem: () => {},
    async nextBatch() {
      while (end === null) {
        const { value, done } = await iterator.next()
        assert(done !== true, 'the last item is the end')
        if (value.kind === 'rows') return value.batch
        if (value.kind === 'problem') this.onProblem(value.problem)
        if (value.kind === 'end') end = value.end
      }
      return null
    },
    peekRows: async () => null,
    skipRows: async () => assert(false, 'items cannot be passed over'),
    get end() {
      assert(end !== null, 'read to the end first')
      return end
    },
    async close() {
      await iterator.return?.()
    },
  }
  return side
}
