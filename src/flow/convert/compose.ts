/** Two changesets in a row to one (spec §8.7), without contents. */
import { RefusedError } from '../../base/errors.ts'
import type { Batch } from '../../model/batch.ts'
import type { End, Header, Item } from '../../model/item.ts'
import { compareBytes } from '../../model/path.ts'
import { TOUCH } from '../../model/touch.ts'
import { type Aspect, aspects, type CompareRules } from '../../tree/compare.ts'
import { Compose } from '../../tree/compose.ts'
import { composeMoves } from '../../tree/compose-moves.ts'
import { RowStore } from '../../tree/row-store.ts'
import { batchBytes, HELD_BYTES_MAX } from '../diff/moves.ts'
import { openSide, type Side, type Source } from '../stream/two-streams.ts'

export type ComposeOptions = {
  first: Source
  second: Source
  /** Program and version, for the header. */
  tool: string
  /** zstd level, for the header. */
  level: number
  comment: string
}

/**
 * The items of the changeset that does at once what the two do one after the other. The first may be a snapshot: then
 * so is the result. Memory does not grow with the changesets, but from the first row that tells a move on they are held.
 * Throws RefusedError `wrong-kind`, `touched` where a touch is not told as rows, `not-composable` where the second does not begin at what the first ends with,
 * `too-large`; FormatError as the readers do.
 */
export async function* compose(options: ComposeOptions): AsyncIterable<Item> {
  const first = await openSide('first', options.first, ['changeset', 'snapshot'])
  try {
    const second = await openSide('second', options.second, ['changeset'])
    try {
      yield* composeSides(first, second, options)
    } finally {
      await second.close()
    }
  } finally {
    await first.close()
  }
}

async function* composeSides(first: Side, second: Side, options: ComposeOptions): AsyncIterable<Item> {
  for (const side of [first, second]) {
    if (side.header.features.includes(TOUCH))
      throw new RefusedError('touched', 'a changeset tells files by their times and not by their names')
  }
  const header = composeHeaders(first.header, second.header, options)
  const rules = rulesOf(header)
  const engine = new Compose(rules)
  yield { kind: 'header', header }
  for (let need = engine.run(); need !== 'nothing'; need = engine.run()) {
    for (const batch of engine.output.take(false)) yield { kind: 'rows', batch }
    const batch = await (need === 'before' ? first : second).nextBatch()
    if (batch !== null && tellsMoves(batch)) {
      const rest = { first: engine.rest('before'), second: engine.rest('after') }
      rest[need === 'before' ? 'first' : 'second'].push(batch)
      const stores = [await storeRest(first, rest.first), await storeRest(second, rest.second)] as const
      for (const composed of composeMoves(...stores, rules, engine.output)) yield { kind: 'rows', batch: composed }
      break
    }
    engine.feed(need, batch)
  }
  for (const batch of engine.output.take(true)) yield { kind: 'rows', batch }
  yield { kind: 'end', end: composeEnds(first.end, second.end, engine.output.rowCount) }
}

function tellsMoves({ before, after }: Batch): boolean {
  return (before !== null && before.moved !== null) || (after !== null && after.moved !== null)
}

/** What is left of a stream, in memory. Throws RefusedError `too-large`. */
async function storeRest(side: Side, rest: Batch[]): Promise<RowStore> {
  const store = new RowStore()
  for (const batch of rest) store.add(batch)
  let bytes = 0
  for (let batch = await side.nextBatch(); batch !== null; batch = await side.nextBatch()) {
    bytes += batchBytes(batch)
    if (bytes > HELD_BYTES_MAX)
      throw new RefusedError('too-large', 'the changesets tell moves and are too large for memory')
    store.add(batch)
  }
  return store
}

function composeHeaders(first: Header, second: Header, options: ComposeOptions): Header {
  return {
    ...second,
    kind: first.kind,
    tool: options.tool,
    level: options.level,
    comment: options.comment,
    digest: first.digest === 'blake3' ? second.digest : 'none',
    xattrs: first.xattrs && second.xattrs,
    trustedHidden: first.trustedHidden || second.trustedHidden,
    data: false,
    dataBefore: false,
    ignored: [...new Set([...first.ignored, ...second.ignored])].sort(),
    features: [...new Set([...first.features, ...second.features])].sort(),
  }
}

/** What either changeset ignored is not compared: it says nothing. */
function rulesOf(header: Header): CompareRules {
  const ignored = new Set<Aspect>(aspects.filter((aspect) => header.ignored.includes(aspect)))
  return { ignoreTimes: false, sizeOnly: false, ignored }
}

function composeEnds(first: End, second: End, rowCount: number): End {
  const areKnown = first.to.length > 0 && second.from.length > 0
  if (areKnown && compareBytes(first.to, second.from) !== 0) {
    throw new RefusedError('not-composable', 'the second changeset does not begin at the tree that the first ends with')
  }
  return {
    rowCount,
    contentCount: 0,
    contentBytes: 0,
    problemCount: 0,
    judgedByTime: first.judgedByTime + second.judgedByTime,
    from: first.from,
    to: second.to,
  }
}
