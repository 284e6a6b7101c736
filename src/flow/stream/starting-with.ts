/** An item that was taken from a stream to look at, before the rest of it. */
import type { Item } from '../../model/item.ts'

/** Not a generator: it would hand on each item through promises of its own. */
export function startingWith(first: Item, rest: AsyncIterator<Item>): AsyncIterable<Item> {
  let isFirst = true
  const iterator: AsyncIterator<Item> = {
    next() {
      if (!isFirst) return rest.next()
      isFirst = false
      return Promise.resolve({ value: first, done: false })
    },
    async return(value) {
      await rest.return?.()
      return { value, done: true }
    },
  }
  return { [Symbol.asyncIterator]: () => iterator }
}
