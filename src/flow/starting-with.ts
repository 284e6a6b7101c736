/** An item that was taken from a stream to look at, before the rest of it. */
import type { Item } from '../model/item.ts'

export async function* startingWith(first: Item, rest: AsyncIterator<Item>): AsyncGenerator<Item> {
  try {
    yield first
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value
  } finally {
    await rest.return?.()
  }
}
