/** A stream as NDJSON (spec appendix A): lossless, one record a line. `makeItems` is the way back. */
import { encodeLines } from '../../format/ndjson/line.ts'
import type { Item } from '../../model/item.ts'

/** Pieces of text, each made of whole lines with their newlines. */
export async function* showJson(items: AsyncIterable<Item>): AsyncIterable<string> {
  for await (const item of items) yield encodeLines(item)
}
