/** What happens to a disk in memory: actions as data, so that fast-check can make and shrink them. */
import { Kind } from '../../src/base/constants.ts'
import { pathKey } from '../../src/model/path.ts'
import {
  type Attributes,
  type Disk,
  dropName,
  holds,
  type Inode,
  makeInode,
  type Place,
  places,
  putName,
  touch,
} from './memory-disk.ts'

/** Numbers pick among what is there, modulo how many there are; where nothing fits, an action does nothing. */
export type Action =
  | { do: 'make'; in: number; name: Uint8Array; attributes: Attributes }
  /** A chain of directories. */
  | { do: 'deepen'; in: number; name: Uint8Array; depth: number; attributes: Attributes }
  | { do: 'link'; of: number; in: number; name: Uint8Array }
  /** A name outside the tree comes or goes. */
  | { do: 'linkOutside'; of: number }
  | { do: 'remove'; of: number }
  | { do: 'rename'; of: number; in: number; name: Uint8Array }
  | { do: 'swap'; of: number; with: number }
  /** New bytes; with `keep` of the same size and under the old time: only the change time tells. */
  | { do: 'edit'; of: number; seed: number; size: number; keep: boolean }
  /** Written anew under the same name: another inode. */
  | { do: 'replace'; of: number; attributes: Attributes }
  | { do: 'change'; of: number; what: 'mode' | 'owner' | 'times' | 'xattrs'; attributes: Attributes }
  /** One name of a group becomes a file of its own with the same bytes and attributes. */
  | { do: 'unshare'; of: number }
  /** One name becomes a further name of another file. */
  | { do: 'share'; of: number; with: number }
  /** The directory times of the whole tree become what they were before the actions. */
  | { do: 'keepTimes' }

export function act(disk: Disk, actions: Action[]): void {
  const times = directoryTimes(disk)
  for (const action of actions) {
    if (action.do === 'keepTimes') restoreTimes(disk, times)
    else actOnce(disk, action)
  }
}

function actOnce(disk: Disk, action: Exclude<Action, { do: 'keepTimes' }>): void {
  const all = places(disk)
  const dirs = [disk.root, ...all.filter(({ inode }) => inode.children !== null).map(({ inode }) => inode)]
  if (action.do === 'make') {
    const dir = pick(dirs, action.in)!
    putNew(disk, dir, pathKey(action.name), action.attributes)
    return
  }
  if (action.do === 'deepen') {
    let dir = pick(dirs, action.in)!
    for (let i = 0; i < action.depth; i++) {
      dir = putNew(disk, dir, pathKey(action.name), { ...action.attributes, kind: Kind.directory })
    }
    return
  }
  const place = pick(all, action.of)
  if (place !== undefined) actOn(disk, action, place, all, dirs)
}

type ActionOn = Exclude<Action, { do: 'keepTimes' | 'make' | 'deepen' }>

function actOn(disk: Disk, action: ActionOn, place: Place, all: Place[], dirs: Inode[]): void {
  const { inode, dir, name } = place
  if (action.do === 'remove') dropName(disk, dir, name)
  else if (action.do === 'rename') rename(disk, place, pick(dirs, action.in)!, pathKey(action.name))
  else if (action.do === 'swap') swap(disk, place, pick(all, action.with)!)
  else if (action.do === 'edit') edit(disk, inode, action)
  else if (action.do === 'replace') putNew(disk, dir, name, action.attributes)
  else if (action.do === 'change') change(disk, inode, action)
  else if (inode.children !== null) return
  else if (action.do === 'link') putName(disk, pick(dirs, action.in)!, pathKey(action.name), inode)
  else if (action.do === 'linkOutside') linkOutside(disk, inode)
  else if (action.do === 'unshare') putNew(disk, dir, name, inode.attributes)
  else share(disk, place, pick(all, action.with)!)
}

function linkOutside(disk: Disk, inode: Inode): void {
  inode.nlink++
  touch(disk, inode, false)
}

function share(disk: Disk, { dir, name, inode }: Place, other: Place): void {
  if (other.inode.children === null && other.inode !== inode) putName(disk, dir, name, other.inode)
}

function putNew(disk: Disk, dir: Inode, name: string, attributes: Attributes): Inode {
  const inode = makeInode(disk, attributes)
  putName(disk, dir, name, inode)
  inode.attributes.mtimeSec = attributes.mtimeSec
  return inode
}

function rename(disk: Disk, place: Place, dir: Inode, name: string): void {
  const there = dir.children!.get(name)
  if (holds(place.inode, dir) || there === place.inode || (there !== undefined && holds(there, place.dir))) return
  place.dir.children!.delete(place.name)
  place.inode.nlink--
  touch(disk, place.dir, true)
  putName(disk, dir, name, place.inode)
}

function swap(disk: Disk, a: Place, b: Place): void {
  if (holds(a.inode, b.dir) || holds(b.inode, a.dir) || a.inode === b.inode) return
  a.dir.children!.set(a.name, b.inode)
  b.dir.children!.set(b.name, a.inode)
  for (const inode of [a.inode, b.inode]) touch(disk, inode, false)
  for (const dir of [a.dir, b.dir]) touch(disk, dir, true)
}

function edit(disk: Disk, inode: Inode, action: Action & { do: 'edit' }): void {
  if (inode.attributes.kind !== Kind.file) return
  inode.attributes.seed = action.seed
  inode.attributes.holes = new Uint8Array(0)
  if (!action.keep) inode.attributes.size = action.size
  touch(disk, inode, !action.keep)
}

function change(disk: Disk, inode: Inode, action: Action & { do: 'change' }): void {
  const { mode, uid, gid, mtimeSec, mtimeNsec, xattrs } = action.attributes
  const to = inode.attributes
  if (action.what === 'mode') to.mode = to.kind === Kind.symlink ? to.mode : mode
  else if (action.what === 'owner') Object.assign(to, { uid, gid })
  else if (action.what === 'times') Object.assign(to, { mtimeSec, mtimeNsec })
  else to.xattrs = xattrs
  touch(disk, inode, false)
}

function directoryTimes(disk: Disk): Map<Inode, number> {
  const times = new Map([[disk.root, disk.root.attributes.mtimeSec]])
  for (const { inode } of places(disk)) if (inode.children !== null) times.set(inode, inode.attributes.mtimeSec)
  return times
}

function restoreTimes(disk: Disk, times: Map<Inode, number>): void {
  for (const inode of [disk.root, ...places(disk).map((place) => place.inode)]) {
    inode.attributes.mtimeSec = times.get(inode) ?? inode.attributes.mtimeSec
  }
}

function pick<T>(from: T[], number: number): T | undefined {
  return from[number % from.length]
}
