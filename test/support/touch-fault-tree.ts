/** A small tree and its successor, told by a touch: few files, so that every call of an apply can be tried. */
import { mkdirSync, renameSync, rmSync, unlinkSync } from 'node:fs'
import { withTouch } from '../../src/flow/diff/touch.ts'
import type { Item } from '../../src/model/item.ts'
import { TouchSearch } from '../../src/tree/touch-search.ts'
import { diffWithMoves } from './apply-moves.ts'
import { collect, itemsOf, rowsOfTree, withData } from './apply-tree.ts'
import { directory, file, link, makeTree, setMetadata, type TreeSpec } from './disk-tree.ts'

export const oldTime = [1_500_000_000, 123_456_789] as const
export const newTime = [1_600_000_000, 987_654_321] as const

/** Files of which the time alone changes; the last two are one inode. */
export const touchedPaths = ['a/one', 'empty', 'still/three', 'a/two', 'b-two'] as const

const before: TreeSpec = [
  ['', directory({ mode: 0o755 })],
  ['a', directory()],
  ['a/deleted', file('away')],
  ['a/edited', file('old bytes')],
  ['a/one', file('one', { mode: 0o600 })],
  ['a/two', file('two names')],
  ['b-two', link('a/two')],
  ['empty', file('', { mode: 0o444 })],
  ['moved', directory()],
  ['moved/x', file('keeps its time')],
  ['still', directory()],
  ['still/three', file('in a directory without a row')],
]

export function makeTouchTarget(tree: string): void {
  mkdirSync(tree)
  makeTree(tree, before, oldTime)
}

/** Makes `dir/before` and `dir/after`, and returns what leads from one to the other, with contents. */
export async function makeTouchFaultTrees(dir: string): Promise<Item[]> {
  const tree = `${dir}/after`
  makeTouchTarget(`${dir}/before`)
  makeTouchTarget(tree)
  const rows = await rowsOfTree(tree)
  changeTree(tree)
  const changed = itemsOf(diffWithMoves(rows, await rowsOfTree(tree)), { digest: 'blake3' })
  return collect(withData(withTouch(changed, new TouchSearch(1)), tree))
}

function changeTree(tree: string): void {
  const later = { kind: 'file', mtime: newTime }
  rmSync(`${tree}/a/deleted`)
  unlinkSync(`${tree}/a/edited`)
  makeTree(tree, [
    ['a/edited', file('new bytes', { mtime: newTime })],
    ['new', directory({ mtime: newTime })],
    ['new/file', file('new', { mtime: newTime })],
  ])
  renameSync(`${tree}/moved`, `${tree}/arrived`)
  for (const path of touchedPaths) setMetadata(tree, path, later)
  for (const path of ['a', '']) setMetadata(tree, path, { kind: 'directory', mtime: newTime })
}
