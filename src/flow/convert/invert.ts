/**
 * The inverse of a changeset (spec §8.6). Contents go along where those of both sides are in the stream (spec §8.3), else none.
 * A snapshot inverts to the changeset that deletes all of it.
 */
import { RefusedError } from '../../base/errors.ts'
import { EMPTY } from '../../model/bytes-column.ts'
import { contentKeys } from '../../model/entries.ts'
import type { End, Header, Item } from '../../model/item.ts'
import { pathKey } from '../../model/path.ts'
import { invertTouch } from '../../model/touch.ts'
import { invertBatch } from '../../tree/invert.ts'

export type InvertOptions = {
  /** Program and version, for the header. */
  tool: string
  /** zstd level, for the header. */
  level: number
  comment: string
}

/**
 * The items of the changeset that leads back. Memory: one batch.
 * @throws RefusedError `wrong-kind` for a plan or a receipt; what taking the items throws
 */
export async function* invert(items: AsyncIterable<Item>, options: InvertOptions): AsyncIterable<Item> {
  let header: Header | null = null
  /** Contents of the last rows; literals of recipes, which are left out, are none of them. */
  let named = new Set<string>()
  for await (const item of items) {
    if (item.kind === 'header') {
      header = item.header
      yield { kind: 'header', header: invertHeader(header, options) }
    } else if (item.kind === 'rows') {
      const { before, after } = item.batch
      if (header?.dataBefore) named = new Set([...contentKeys(before), ...contentKeys(after)])
      yield { kind: 'rows', batch: invertBatch(item.batch) }
    } else if (item.kind === 'touch') yield { kind: 'touch', touch: invertTouch(item.touch) }
    else if (item.kind === 'content' && named.has(pathKey(item.piece.id))) yield item
    else if (item.kind === 'end') yield { kind: 'end', end: invertEnd(item.end, header?.kind === 'snapshot') }
  }
}

/** Host and root are of the tree after, which is now the tree before: contents cannot be taken from there. */
function invertHeader(header: Header, options: InvertOptions): Header {
  const { kind, data, dataBefore } = header
  if (kind !== 'changeset' && kind !== 'snapshot')
    throw new RefusedError('wrong-kind', `a ${kind} was given, where a changeset or snapshot is needed`)
  return {
    ...header,
    kind: 'changeset',
    tool: options.tool,
    level: options.level,
    comment: options.comment,
    host: '',
    root: EMPTY,
    rootId: null,
    data: dataBefore,
    dataBefore: data && dataBefore,
  }
}

/** The writer counts anew. */
function invertEnd(end: End, isSnapshot: boolean): End {
  return { ...end, from: end.to, to: isSnapshot ? EMPTY : end.from }
}
