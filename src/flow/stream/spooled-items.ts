/** Items that lie on disk until they are wanted, where more has to be known than one of them tells. */
import type { Spool } from '../../host/stream/spool.ts'
import type { Item } from '../../model/item.ts'
import { readItems } from './reader.ts'
import { encodeItems } from './writer.ts'

/** The zstd level of what is read again soon, and goes nowhere. */
const QUICKEST = 1

/** Takes all items, from the header to the end, to the disk. @throws HostError; what the items throw */
export async function fillSpool(spool: Spool, items: AsyncIterable<Item>): Promise<void> {
  for await (const bytes of encodeItems(quickly(items))) spool.append(bytes)
}

async function* quickly(items: AsyncIterable<Item>): AsyncGenerator<Item> {
  for await (const item of items) {
    yield item.kind === 'header' ? { kind: 'header', header: { ...item.header, level: QUICKEST } } : item
  }
}

/** The items that were taken to the disk; the header's level, and what the end says of bytes, are those of the disk. @throws HostError */
export function itemsOf(spool: Spool): AsyncIterable<Item> {
  return readItems(bytesOf(spool))
}

async function* bytesOf(spool: Spool): AsyncGenerator<Uint8Array> {
  yield* spool.read()
}
