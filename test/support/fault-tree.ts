/** A small tree and its successor, with every kind of row between them. */
import { linkSync, mkdirSync, renameSync, rmSync, unlinkSync } from 'node:fs'
import type { Item } from '../../src/model/item.ts'
import { diffWithMoves } from './apply-moves.ts'
import { collect, itemsOf, rowsOfTree, withData } from './apply-tree.ts'
import { setXattr } from './disk-calls.ts'
import {
  charDevice,
  directory,
  fifo,
  file,
  link,
  makeTree,
  setMetadata,
  socket,
  symlink,
  type TreeSpec,
} from './disk-tree.ts'
import { can, pattern } from './every-kind.ts'

const time = [1_500_000_000, 123_456_789] as const
const later = [1_600_000_000, 987_654_321] as const

const before: TreeSpec = [
  ['a', directory({ mode: 0o755 })],
  ['a/changed', file('old bytes')],
  ['a/deleted', file('away')],
  ['a/same', file('same')],
  ['a/chmod', file('mode', { mode: 0o600 })],
  ['a/kind', file('a file')],
  ['gone', directory()],
  ['gone/inner', directory()],
  ['gone/inner/file', file('goes too')],
  ['gone/stays', file('moves out')],
  ['group-1', file('linked')],
  ['group-2', link('group-1')],
  ['leaves-1', file('two names')],
  ['leaves-2', link('leaves-1')],
  ['link', symlink('a/same')],
  ['moved-dir', directory()],
  ['moved-dir/sub', directory()],
  ['moved-dir/sub/x', file('x')],
  ['moved-dir/sub/y', file('y')],
  ['swap-1', file('one')],
  ['swap-2', file('two, longer')],
  ['tagged', file('an attribute', can.userXattrs ? { xattrs: { 'user.tag': 'old' } } : {})],
  ['untouched', directory()],
  ['untouched/replaced', file('old')],
]

/** Makes the first tree: the same each time, and in a fraction of the time that a copy by a program takes. */
export function makeFaultTarget(tree: string): void {
  mkdirSync(tree)
  makeTree(tree, [['', directory({ mode: 0o755 })], ...before], time)
}

/** Makes `dir/before` and `dir/after`, and returns what leads from one to the other. */
export async function makeFaultTrees(dir: string): Promise<Item[]> {
  const tree = `${dir}/after`
  makeFaultTarget(`${dir}/before`)
  makeFaultTarget(tree)
  const rows = await rowsOfTree(tree)
  changeTree(tree)
  return collect(withData(itemsOf(diffWithMoves(rows, await rowsOfTree(tree))), tree))
}

function changeTree(tree: string): void {
  const replace = (path: string, bytes: string | Buffer): void => {
    unlinkSync(`${tree}/${path}`)
    makeTree(tree, [[path, file(bytes, { mtime: later })]])
  }
  replace('a/changed', 'new bytes, more of them')
  unlinkSync(`${tree}/a/deleted`)
  setMetadata(tree, 'a/chmod', { kind: 'file', mode: 0o4711, mtime: later })
  unlinkSync(`${tree}/a/kind`)
  makeTree(tree, [
    ['a/kind', directory({ mode: 0o1777, mtime: later })],
    ['a/kind/new', symlink('../same', { mtime: later })],
    ['new', directory({ mode: 0o750, mtime: later })],
    ['new/deep', directory({ mtime: later })],
    ['new/deep/large', file(pattern(1_200_000), { mtime: later })],
    ['new/fifo', fifo({ mtime: later })],
    ['new/socket', socket({ mtime: later })],
    ...(can.devices ? [['new/device', charDevice(1, 3, { mtime: later })] as const] : []),
    ['new/empty', file('', { mode: 0o400, mtime: later })],
  ])
  renameSync(`${tree}/gone/stays`, `${tree}/new/stayed`)
  setMetadata(tree, 'new/stayed', { kind: 'file', mtime: later })
  rmSync(`${tree}/gone`, { recursive: true })
  linkSync(`${tree}/group-1`, `${tree}/new/group-3`)
  replace('leaves-2', 'on its own')
  unlinkSync(`${tree}/link`)
  makeTree(tree, [['link', symlink('a/changed', { mtime: later })]])
  renameSync(`${tree}/moved-dir`, `${tree}/a/arrived`)
  unlinkSync(`${tree}/a/arrived/sub/y`)
  makeTree(tree, [['a/arrived/sub/z', file('z', { mtime: later })]])
  if (can.userXattrs) setXattr(Buffer.from(`${tree}/tagged`), 'user.tag', Buffer.from('new'))
  renameSync(`${tree}/swap-1`, `${tree}/spare`)
  renameSync(`${tree}/swap-2`, `${tree}/swap-1`)
  renameSync(`${tree}/spare`, `${tree}/swap-2`)
  // The directory's own time stays, so that it has no row.
  replace('untouched/replaced', 'new')
  setMetadata(tree, 'untouched', { kind: 'directory', mtime: time })
  setMetadata(tree, 'a/arrived/sub', { kind: 'directory', mtime: time })
  setMetadata(tree, '', { kind: 'directory', mtime: later })
}
