/** The inverse of a changeset (spec §8.6), without contents. A snapshot inverts to the changeset that deletes all of it. */
import { EMPTY } from '../model/bytes-column.ts'
import type { End, Header, Item } from '../model/item.ts'
import { invertBatch } from '../tree/invert.ts'
import { openSide, type Source } from './two-streams.ts'

export type InvertOptions = {
  source: Source
  /** Program and version, for the header. */
  tool: string
  /** zstd level, for the header. */
  level: number
  comment: string
}

/**
 * The items of the changeset that leads back. Memory: one batch. Throws RefusedError `wrong-kind` for a plan or a
 * receipt, FormatError as the reader does.
 */
export async function* invert(options: InvertOptions): AsyncIterable<Item> {
  const side = await openSide(options.source, ['changeset', 'snapshot'])
  try {
    yield { kind: 'header', header: invertHeader(side.header, options) }
    for (let batch = await side.nextBatch(); batch !== null; batch = await side.nextBatch()) {
      yield { kind: 'rows', batch: invertBatch(batch) }
    }
    yield { kind: 'end', end: invertEnd(side.end, side.header.kind === 'snapshot') }
  } finally {
    await side.close()
  }
}

/** Host and root are of the tree after, which is now the tree before: contents cannot be taken from there. */
function invertHeader(header: Header, options: InvertOptions): Header {
  return {
    ...header,
    kind: 'changeset',
    tool: options.tool,
    level: options.level,
    comment: options.comment,
    host: '',
    root: EMPTY,
    rootId: null,
    data: false,
  }
}

function invertEnd(end: End, isSnapshot: boolean): End {
  return { ...end, contentCount: 0, contentBytes: 0, problemCount: 0, from: end.to, to: isSnapshot ? EMPTY : end.from }
}
