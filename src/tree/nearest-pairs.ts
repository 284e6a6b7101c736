/** Pairs what could be paired in many ways (spec §8.5): same name first, then nearest directory, then row order. */
import { pathKey } from '../model/path.ts'
import type { RowStore } from './row-store.ts'
import { sharedLength } from './shared-length.ts'

/**
 * Pairs origins with destinations, each at most once; both ascend. The same rows with the roles changed give the same
 * pairs. Linear in the rows, but for the depth of the tree.
 */
export function pairNearest(
  store: RowStore,
  origins: readonly number[],
  destinations: readonly number[],
  pair: (origin: number, destination: number) => void,
): void {
  const paired = new Set<number>()
  const note = (origin: number, destination: number): void => {
    paired.add(origin)
    paired.add(destination)
    pair(origin, destination)
  }
  for (const pool of poolsByName(store, origins, destinations)) pairInTree(store, pool, note)
  const isLeft = (row: number): boolean => !paired.has(row)
  pairInTree(store, { origins: origins.filter(isLeft), destinations: destinations.filter(isLeft) }, note)
}

type Pool = { origins: number[]; destinations: number[] }

function poolsByName(store: RowStore, origins: readonly number[], destinations: readonly number[]): Iterable<Pool> {
  const pools = new Map<string, Pool>()
  for (const row of origins) {
    const key = pathKey(store.nameOf(row))
    const pool = pools.get(key)
    if (pool === undefined) pools.set(key, { origins: [row], destinations: [] })
    else pool.origins.push(row)
  }
  for (const row of destinations) pools.get(pathKey(store.nameOf(row)))?.destinations.push(row)
  return pools.values()
}

/**
 * Pairs rows that share the longest way from the root: row by row in order, each opens a pool at its directory; what the
 * next row does not share is closed, paired, and what is left over goes to the pool below.
 */
function pairInTree(store: RowStore, rows: Pool, pair: (origin: number, destination: number) => void): void {
  const { origins, destinations } = rows
  const stack: Array<Pool & { depth: number }> = []
  const close = (depth: number): void => {
    while (stack.length > 0 && stack.at(-1)!.depth > depth) {
      const left = zip(stack.pop()!, pair)
      if (stack.length === 0 || stack.at(-1)!.depth < depth) stack.push({ depth, origins: [], destinations: [] })
      stack.at(-1)!.origins.push(...left.origins)
      stack.at(-1)!.destinations.push(...left.destinations)
    }
  }
  let last = -1
  for (let o = 0, d = 0; o < origins.length || d < destinations.length; ) {
    const isOrigin = d === destinations.length || (o < origins.length && origins[o]! <= destinations[d]!)
    const row = isOrigin ? origins[o++]! : destinations[d++]!
    const dir = store.dirs[store.dirOf(row)]!.path
    if (last >= 0) close(sharedLength(store.dirs[store.dirOf(last)]!.path, dir))
    if (stack.length === 0 || stack.at(-1)!.depth < dir.length) {
      stack.push({ depth: dir.length, origins: [], destinations: [] })
    }
    const top = stack.at(-1)!
    if (isOrigin) top.origins.push(row)
    else top.destinations.push(row)
    last = row
  }
  close(-1)
}

/** Pairs one by one in order; answers with what is left over. */
function zip(pool: Pool, pair: (origin: number, destination: number) => void): Pool {
  const count = Math.min(pool.origins.length, pool.destinations.length)
  for (let i = 0; i < count; i++) pair(pool.origins[i]!, pool.destinations[i]!)
  return { origins: pool.origins.slice(count), destinations: pool.destinations.slice(count) }
}
