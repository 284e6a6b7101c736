/** The directories of a changeset that go or come as a whole, with all that is in them (spec §8.5). */
import { Kind } from '../base/constants.ts'
import type { Entries } from '../model/entries.ts'
import { pathKey, splitPath } from '../model/path.ts'
import type { Candidates, Half } from './move-evidence.ts'
import type { RowStore } from './row-store.ts'

/** Directories as nodes, in row order: parents come before their children. */
export type WholeDirs = {
  /** Row of each directory's own entry. */
  rows: number[]
  /** Node of the directory it lies in, or -1 where that one does not go or come. */
  parents: number[]
  /** Candidates in it and below. */
  fileCounts: number[]
  /** Index of its rows in store.dirs, or -1 where it has none. */
  dirs: number[]
  /** Node of each of store.dirs, or -1. */
  nodeOfDir: Int32Array
  /** Node of a directory's own row. */
  nodeOfRow: ReadonlyMap<number, number>
}

/** The directories that go (`before`) or come (`after`). */
export function findWholeDirs(store: RowStore, half: Half, candidates: Candidates): WholeDirs {
  const other = half === 'before' ? 'after' : 'before'
  const nodes = new Map<string, number>()
  const nodeOfRow = new Map<number, number>()
  const rows: number[] = []
  const parents: number[] = []
  let row = 0
  for (const batch of store.batches) {
    for (let i = 0; i < batch.rowCount; i++, row++) {
      if (!isDirectory(batch[half], i) || isDirectory(batch[other], i)) continue
      const path = store.pathOf(row)
      nodes.set(pathKey(path), rows.length)
      nodeOfRow.set(row, rows.length)
      parents.push(path.length === 0 ? -1 : (nodes.get(pathKey(splitPath(path).dir)) ?? -1))
      rows.push(row)
    }
  }
  const nodeOfDir = Int32Array.from(store.dirs, ({ path }) => nodes.get(pathKey(path)) ?? -1)
  const dirs = new Array<number>(rows.length).fill(-1)
  nodeOfDir.forEach((node, dir) => {
    if (node >= 0) dirs[node] = dir
  })
  const fileCounts = countFiles(
    store,
    half === 'before' ? candidates.origins : candidates.destinations,
    nodeOfDir,
    parents,
  )
  return { rows, parents, fileCounts, dirs, nodeOfDir, nodeOfRow }
}

function isDirectory(entries: Entries | null, i: number): boolean {
  return entries !== null && entries.kind[i] === Kind.directory
}

function countFiles(store: RowStore, files: number[], nodeOfDir: Int32Array, parents: number[]): number[] {
  const counts = new Array<number>(parents.length).fill(0)
  for (const row of files) {
    const node = nodeOfDir[store.dirOf(row)]!
    if (node >= 0) counts[node]!++
  }
  // Children come behind their parents, so going backwards every count is complete before it is passed on.
  for (let node = parents.length - 1; node >= 0; node--) {
    if (parents[node]! >= 0) counts[parents[node]!]! += counts[node]!
  }
  return counts
}
