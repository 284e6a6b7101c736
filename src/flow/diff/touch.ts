/**
 * Changes of time told by a touch instead of rows (spec §8.9): the stage behind a diff that has to see all rows first. They lie
 * on disk meanwhile and are read three times: for the pairs of times that can be told so, for the id of the files, to go on.
 */
import { Spool } from '../../host/stream/spool.ts'
import type { Header, Item } from '../../model/item.ts'
import { type TimePair, TOUCH } from '../../model/touch.ts'
import type { TouchSearch } from '../../tree/touch-search.ts'
import { TouchSplit } from '../../tree/touch-split.ts'
import { fillSpool, itemsOf } from '../stream/spooled-items.ts'
import { TouchId } from './touch-id.ts'

/**
 * The items of a changeset without contents, with a touch where there is something for one. Problems say that one of the trees was
 * not seen as a whole: then there is none.
 * @param search knows what the diff passed over, once the last of the items was taken
 * @throws HostError
 */
export async function* withTouch(items: AsyncIterable<Item>, search: TouchSearch): AsyncIterable<Item> {
  const spool = new Spool()
  try {
    const seen = { header: null as Header | null, problemCount: 0 }
    await fillSpool(spool, noting(items, search, seen))
    const header = seen.header!
    const pairs = seen.problemCount > 0 ? [] : search.pairs()
    const { fileCount, digest } = await touched(spool, pairs)
    const split = fileCount === 0 ? null : new TouchSplit(pairs)
    for await (const item of itemsOf(spool)) {
      if (item.kind === 'header' && split === null) yield { kind: 'header', header }
      else if (item.kind === 'header') {
        yield { kind: 'header', header: { ...header, features: [...header.features, TOUCH] } }
        yield { kind: 'touch', touch: { fileCount, digest, pairs } }
      } else if (item.kind === 'rows' && split !== null) {
        split.add(item.batch)
        for (const batch of split.output.take(false)) yield { kind: 'rows', batch }
      } else if (item.kind === 'end' && split !== null) {
        for (const batch of split.output.take(true)) yield { kind: 'rows', batch }
        yield { kind: 'end', end: { ...item.end, rowCount: split.output.rowCount } }
      } else yield item
    }
  } finally {
    spool.close()
  }
}

/** Passes the items on, and sees what they are. */
async function* noting(
  items: AsyncIterable<Item>,
  search: TouchSearch,
  seen: { header: Header | null; problemCount: number },
): AsyncGenerator<Item> {
  for await (const item of items) {
    if (item.kind === 'header') seen.header = item.header
    if (item.kind === 'rows') search.addRows(item.batch)
    if (item.kind === 'problem') seen.problemCount++
    yield item
  }
}

/** The files that the pairs tell, and their id. */
async function touched(spool: Spool, pairs: readonly TimePair[]): Promise<{ fileCount: number; digest: Uint8Array }> {
  const split = new TouchSplit(pairs)
  const id = new TouchId()
  if (pairs.length > 0) {
    for await (const item of itemsOf(spool)) {
      if (item.kind !== 'rows') continue
      split.add(item.batch)
      split.output.take(false)
      id.addFrom(split.files, false)
    }
  }
  id.addFrom(split.files, true)
  return { fileCount: split.files.count, digest: id.finish() }
}
