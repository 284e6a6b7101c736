/**
 * An overlay filesystem renames no directory that a lower layer has (EXDEV): such a directory is lifted first. One that is equal is
 * made in the stage, of new directories and of further names of all else; when it is complete the old one is emptied and removed, and
 * the new one takes its place. Nothing of the tree is changed by that, whether the apply goes on or back; for a moment a reader may miss
 * names. Where it is cut short, whoever goes on or back ends it: once the new directory has its name in the stage it has all that is to be kept.
 */
import { Kind } from '../../base/constants.ts'
import { splitPath } from '../../model/path.ts'
import { openBeneath } from '../entry/beneath.ts'
import { removeTree } from '../entry/remove-tree.ts'
import { type NameIn, renameTo } from '../entry/rename.ts'
import { makeFile, readFile } from '../entry/small-file.ts'
import { statxName, stx } from '../entry/statx.ts'
import { nameAddress } from '../native/c-string.ts'
import { check, found, hostError, retry } from '../native/call.ts'
import { AT_REMOVEDIR, Errno, O_DIRECTORY, O_PATH, O_RDONLY } from '../native/errno.ts'
import { libc } from '../native/libc.ts'
import { LIFT, type Stage } from '../stage/stage.ts'
import { cloneTree, removeName } from '../target/clone-tree.ts'
import { walkTrees } from '../target/walk-trees.ts'
import { exists } from './commit-step.ts'

/** In the folder: the path of the directory that is lifted; the new one, and what it is called while it is not complete. */
const PLACE = Buffer.from('place')
const TREE = Buffer.from('tree')
const PART = Buffer.from('part')
/** A directory that holds something: nothing can be renamed to it. */
const FULL = Buffer.from('full')

/**
 * True for a directory that cannot be renamed because a lower layer has it: tried with a name that is taken by a directory that is not
 * empty, so that it fails in any case, of which an overlay thinks last.
 * @param folderFd of an empty directory of ours that does not lie in it
 * @param path for the error
 * @throws HostError; nothing was tried where the name could not be taken first
 */
export function isLower(folderFd: number, { dirFd, name }: NameIn, path: Uint8Array): boolean {
  for (const taken of [FULL, Buffer.concat([FULL, SLASH, FULL])]) {
    check('mkdir', path, () => libc.mkdirat(folderFd, nameAddress(taken), 0o700))
  }
  const result = retry(() => libc.renameat2(dirFd, nameAddress(name), folderFd, nameAddress(FULL), 0))
  const isRefused = result !== 0 && libc.errno() === Errno.EXDEV
  removeTree(folderFd, FULL, path)
  return isRefused
}

const SLASH = Buffer.from('/')

/** Lifts a directory where it has to be. @param path its path in the target @throws HostError; the way back ends what was begun */
export function liftLower(stage: Stage, at: NameIn, path: Uint8Array): void {
  check('mkdir', path, () => libc.mkdirat(stage.fd, nameAddress(LIFT), 0o700))
  withFolder(stage, (folderFd) => {
    if (!isLower(folderFd, at, path)) return
    makeFile(folderFd, PLACE, path, path)
    check('mkdir', path, () => libc.mkdirat(folderFd, nameAddress(PART), 0o700))
    withTrees([at, { dirFd: folderFd, name: PART }], path, ([from, to]) => cloneTree(stage.keeper, from!, to!, true))
    check('syncfs', path, () => libc.syncfs(folderFd))
    check('rename', path, () => libc.renameat2(folderFd, nameAddress(PART), folderFd, nameAddress(TREE), 0))
    check('fsync', path, () => libc.fsync(folderFd))
  })
  endLift(stage)
}

/** Ends what was begun: a directory that is complete takes its place, one that is not is given up. @throws HostError */
export function endLift(stage: Stage): void {
  const { target } = stage
  if (!exists({ dirFd: stage.fd, name: LIFT })) return
  withFolder(stage, (folderFd) => {
    const tree = { dirFd: folderFd, name: TREE }
    if (!exists(tree)) return
    const path = readFile(folderFd, PLACE, target.path)!
    const { dir, name } = splitPath(path)
    const dirFd = check('open', dir, () => openBeneath(target.fd, dir, O_PATH | O_DIRECTORY))
    try {
      takePlace(stage, tree, { dirFd, name }, path)
    } finally {
      libc.close(dirFd)
    }
  })
  removeTree(stage.fd, LIFT, target.path)
}

function takePlace({ keeper }: Stage, tree: NameIn, at: NameIn, path: Uint8Array): void {
  if (exists(at) && stx.kind() === Kind.directory) {
    withTrees([at, tree], path, ([from, to]) => drain(from!, to!))
    check('rmdir', path, () => libc.unlinkat(at.dirFd, nameAddress(at.name), AT_REMOVEDIR))
  }
  if (renameTo(tree, at, keeper.privileges) !== 0) throw hostError('rename', path)
}

/** Takes from a directory all that the other one has; what came since it was made, or was written, goes there. */
function drain(fromFd: number, toFd: number): void {
  walkTrees([fromFd, toFd], {
    isPart: true,
    visit([from, to], name, path) {
      check('statx', path, () => statxName(from!, nameAddress(name)))
      const here = statxEntry()
      const isThere = found('statx', path, () => statxName(to!, nameAddress(name)))
      if (isThere && here.kind === Kind.directory && stx.kind() === Kind.directory) return true
      const isSame = isThere && isCopied(here, statxEntry())
      if (isSame) removeName(from!, name, 0, path)
      else check('rename', path, () => libc.renameat2(from!, nameAddress(name), to!, nameAddress(name), 0))
      return false
    },
    left([from], name, path) {
      removeName(from!, name, AT_REMOVEDIR, path)
    },
  })
}

/** What statx saw last. */
const statxEntry = () => ({
  kind: stx.kind(),
  ino: stx.ino(),
  nlink: stx.nlink(),
  size: stx.size(),
  mtimeSec: stx.mtimeSec(),
  mtimeNsec: stx.mtimeNsec(),
})

/** True for two names of one file; a name of a lower group is a file of its own, which the time tells. */
function isCopied(here: ReturnType<typeof statxEntry>, there: ReturnType<typeof statxEntry>): boolean {
  if (here.kind !== there.kind || (here.ino !== there.ino && here.nlink === 1)) return false
  return here.size === there.size && here.mtimeSec === there.mtimeSec && here.mtimeNsec === there.mtimeNsec
}

function withFolder(stage: Stage, work: (folderFd: number) => void): void {
  const { path } = stage.target
  const folderFd = check('open', path, () => openBeneath(stage.fd, LIFT, O_RDONLY | O_DIRECTORY))
  try {
    work(folderFd)
  } finally {
    libc.close(folderFd)
  }
}

/** Opens directories for a walk over them. */
function withTrees(places: readonly NameIn[], path: Uint8Array, work: (fds: readonly number[]) => void): void {
  const fds: number[] = []
  try {
    for (const { dirFd, name } of places) {
      fds.push(check('open', path, () => openBeneath(dirFd, name, O_RDONLY | O_DIRECTORY)))
    }
    work(fds)
  } finally {
    for (const fd of fds) libc.close(fd)
  }
}
