/**
 * A walk over the directories of one tree, or of two that are alike, with its own stack and few descriptors: a tree may be as deep
 * as the filesystem lets it be. Depth first, so that what is below a directory is done before the directory is left.
 */
import { joinPath } from '../../model/path.ts'
import { openBeneath } from '../entry/beneath.ts'
import { namesOf } from '../entry/dir.ts'
import { hostError } from '../native/call.ts'
import { O_DIRECTORY, O_RDONLY } from '../native/errno.ts'
import { libc } from '../native/libc.ts'
import { isStageName } from './target.ts'

export type TreeVisitor = {
  /** The first tree is no target: what is named like a stage in its root is an entry like others. */
  isPart?: boolean
  /** Is given each name of the first tree, stages of its root aside, with that name's directory in all trees. True to go into it. */
  visit(fds: readonly number[], name: Uint8Array, path: Uint8Array): boolean
  /** All that is in the directory has been visited. */
  leave?(fds: readonly number[], path: Uint8Array): void
  /** The same, behind it: its descriptors are closed, `fds` are those of the directory that it lies in. */
  left?(fds: readonly number[], name: Uint8Array, path: Uint8Array): void
}

/** A directory on the way down; `fds` are null while they are closed. */
type Level = { path: Uint8Array; name: Uint8Array; names: Uint8Array[]; next: number; fds: number[] | null }

/** Directories of each tree that are held open, those nearest to the root. */
const OPEN_MAX = 128

/**
 * Walks the trees.
 * @param rootFds open for reading, at their beginning; they stay open
 * @throws HostError, and what the visitor throws
 */
export function walkTrees(rootFds: readonly number[], visitor: TreeVisitor): void {
  const levels: Level[] = []
  const enter = (name: Uint8Array, path: Uint8Array): void => {
    const fds = levels.length === 0 ? [...rootFds] : openAll(rootFds, path)
    levels.push({ path, name, names: [], next: 0, fds })
    levels.at(-1)!.names = namesOf(fds[0]!, path)
  }
  const close = (level: Level): void => {
    for (const fd of level.path.length > 0 ? (level.fds ?? []) : []) libc.close(fd)
    level.fds = null
  }
  try {
    enter(new Uint8Array(0), new Uint8Array(0))
    for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
      level.fds ??= openAll(rootFds, level.path)
      const name = level.names[level.next++]
      if (name === undefined) {
        visitor.leave?.(level.fds, level.path)
        close(level)
        levels.pop()
        const above = levels.at(-1)
        if (above === undefined) return
        above.fds ??= openAll(rootFds, above.path)
        visitor.left?.(above.fds, level.name, level.path)
        continue
      }
      if (level.path.length === 0 && !visitor.isPart && isStageName(name, 0, name.length)) continue
      const path = joinPath(level.path, name)
      if (!visitor.visit(level.fds, name, path)) continue
      if (levels.length > OPEN_MAX) close(level)
      enter(name, path)
    }
  } finally {
    levels.forEach(close)
  }
}

function openAll(rootFds: readonly number[], path: Uint8Array): number[] {
  const fds: number[] = []
  for (const rootFd of rootFds) {
    const fd = openBeneath(rootFd, path, O_RDONLY | O_DIRECTORY)
    const error = fd === -1 ? hostError('open', path) : null
    if (error !== null) {
      for (const open of fds) libc.close(open)
      throw error
    }
    fds.push(fd)
  }
  return fds
}
