/**
 * The basis: other local trees that hold what need not be made again, such as the backup of yesterday. Rows find their
 * contents at their own path there, before the stream is asked for them, or where a recipe says that they were before.
 */
import { RefusedError } from '../../base/errors.ts'
import { EntriesBuilder } from '../../model/entries-builder.ts'
import { InodeTable } from '../../model/inode-table.ts'
import type { Recipe } from '../../model/item.ts'
import { closeFd, openRoot } from '../entry/dir.ts'
import { statxFd, stx } from '../entry/statx.ts'
import { XattrReader } from '../entry/xattr-reader.ts'
import { nameAddress } from '../native/c-string.ts'
import { check } from '../native/call.ts'
import { O_CLOEXEC, O_DIRECTORY, O_PATH } from '../native/errno.ts'
import { libc } from '../native/libc.ts'
import type { Target } from '../target/target.ts'
import { type Cursor, closeCursor, createCursor } from '../target/target-cursor.ts'
import type { Contents } from './stage-content.ts'
import { type Belief, type Filled, fillFrom, isAtHand, type Links, openAt } from './stage-fill.ts'
import { openInTarget, rowPath, type StagedRow } from './stage-object.ts'

export type Basis = {
  /** Over the roots, in the order in which they are asked. */
  trees: Cursor[]
  belief: Belief
  links: Links | null
  /** Files that were made from it, by how. */
  counts: BasisCounts
}

export type BasisCounts = { [how in Filled]: number }

export function noBasisCounts(): BasisCounts {
  return { linked: 0, cloned: 0, copied: 0 }
}

/**
 * Opens the trees of a basis.
 * @param isLinking whether files are hard links where all that links share is equal
 * @param quick equal size and time are taken for equal contents
 * @returns null where there are none
 * @throws HostError, RefusedError `basis-in-target`
 */
export function openBasis(
  paths: readonly Uint8Array[],
  isLinking: boolean,
  quick: boolean,
  target: Target,
): Basis | null {
  if (paths.length === 0) return null
  const basis: Basis = { trees: [], belief: quick ? 'always' : 'never', links: null, counts: noBasisCounts() }
  try {
    for (const path of paths) {
      basis.trees.push(createCursor(openRoot(path)))
      if (isIn(target, basis.trees.at(-1)!.rootFd, path)) {
        throw new RefusedError('basis-in-target', 'a basis is another tree: it is the target, or lies in it')
      }
    }
  } catch (error) {
    closeBasis(basis)
    throw error
  }
  const { rootFd } = basis.trees[0]!
  if (isLinking) {
    basis.links = { seen: new EntriesBuilder(), xattrs: new XattrReader(rootFd, false), linked: new InodeTable() }
  }
  return basis
}

export function closeBasis(basis: Basis): void {
  for (const tree of basis.trees.splice(0)) {
    closeCursor(tree)
    closeFd(tree.rootFd)
  }
}

/** Whether a directory is the target's root or lies below it: what it holds may change or be linked twice then. */
function isIn(target: Target, dirFd: number, path: Uint8Array): boolean {
  if (target.fd === -1) return false
  const identity = (fd: number): string => {
    check('statx', path, () => statxFd(fd))
    return `${stx.devMajor()}:${stx.devMinor()}:${stx.ino()}`
  }
  const root = identity(target.fd)
  let fd = dirFd
  try {
    for (let here = identity(fd), below = ''; here !== below; ) {
      if (here === root) return true
      const above = check('open', path, () => libc.openat(fd, nameAddress(ABOVE), O_PATH | O_DIRECTORY | O_CLOEXEC, 0))
      if (fd !== dirFd) libc.close(fd)
      fd = above
      below = here
      here = identity(fd)
    }
    return false
  } finally {
    if (fd !== dirFd) libc.close(fd)
  }
}

const ABOVE = Buffer.from('..')

/** Makes the file of a row from what a basis has at a path. False where none has its content there. @throws HostError */
export function fillFromBasis(contents: Contents, basis: Basis, row: StagedRow, path: Uint8Array): boolean {
  for (const tree of basis.trees) {
    const filled = fillFrom(contents, tree, path, row, basis.belief, basis.links)
    if (filled === null) continue
    basis.counts[filled]++
    return true
  }
  return false
}

/** The same where it is only asked. @throws HostError */
export function isInBasis(basis: Basis, row: StagedRow): boolean {
  return basis.trees.some((tree) => isAtHand(tree, rowPath(row), row, basis.belief))
}

/** A recipe may say that a content is all of a file before: where the target has no such file, the basis stands for it. @throws HostError */
export function fillByRecipe(contents: Contents, basis: Basis, recipe: Recipe): void {
  const { ranges, size } = recipe
  const [range] = ranges
  if (ranges.length !== 1 || range?.from !== 'before' || range.offset !== 0 || range.length !== size) return
  const rows = contents.wanted.get(recipe.id, size)
  if (rows === undefined || hasInTarget(contents, range.path)) return
  const left = rows.filter((row) => !fillFromBasis(contents, basis, row, range.path))
  if (left.length > 0) contents.wanted.set(recipe.id, size, left)
  else contents.wanted.delete(recipe.id, size)
}

function hasInTarget({ stage }: Contents, path: Uint8Array): boolean {
  const fd = openInTarget(stage.target, path)
  if (fd !== -1) libc.close(fd)
  return fd !== -1
}

/** Opens what was at a path before, for a recipe to copy from: at the target, or else in a basis. -1 where it is nowhere. */
export function openBefore(target: Target, basis: Basis | null, path: Uint8Array): number {
  let fd = openInTarget(target, path)
  for (const tree of fd === -1 && basis !== null ? basis.trees : []) {
    fd = openAt(tree, path)
    if (fd !== -1) break
  }
  return fd
}
