/** The rows of a snapshot of a tree on disk, by lstat alone: for tests of what comes after a scan. No xattrs, no holes. */
import { type BigIntStats, lstatSync, readlinkSync } from 'node:fs'
import { Kind } from '../../src/base/constants.ts'
import { EMPTY } from '../../src/model/bytes-column.ts'
import type { Entry } from '../../src/model/entries.ts'
import type { End, Header, Item, StreamKind } from '../../src/model/item.ts'
import { compareRowPaths } from '../../src/model/path.ts'
import { batchesOf, type Row } from '../../src/model/row.ts'
import { atPath } from './deep-path.ts'
import { listTree } from './mutate-tree.ts'

/** Rows with an after side only, in row order. */
export function rowsOfTree(root: string): Row[] {
  const firstNames = new Map<string, Uint8Array>()
  const paths: Uint8Array[] = [EMPTY, ...listTree(root)].sort(compareRowPaths)
  return paths.map((path) => {
    const stats = atPath(root, path, (at) => lstatSync(at, { bigint: true }))
    const target = stats.isSymbolicLink() ? atPath(root, path, (at) => readlinkSync(at, { encoding: 'buffer' })) : EMPTY
    const key = `${stats.dev}:${stats.ino}`
    const first = stats.isDirectory() ? undefined : firstNames.get(key)
    if (first === undefined) firstNames.set(key, path)
    return { path, before: null, after: entryOf(stats, target, first ?? EMPTY) }
  })
}

const NS = 1_000_000_000n

function split(ns: bigint): [sec: number, nsec: number] {
  const nsec = ((ns % NS) + NS) % NS
  return [Number((ns - nsec) / NS), Number(nsec)]
}

function entryOf(stats: BigIntStats, target: Uint8Array, link: Uint8Array): Entry {
  const [mtimeSec, mtimeNsec] = split(stats.mtimeNs)
  const [ctimeSec, ctimeNsec] = split(stats.ctimeNs)
  const isDevice = stats.isBlockDevice() || stats.isCharacterDevice()
  return {
    kind: kindOf(stats),
    mode: Number(stats.mode) & 0o7777,
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    size: stats.isFile() ? Number(stats.size) : 0,
    mtimeSec,
    mtimeNsec,
    rdevMajor: isDevice ? major(stats.rdev) : 0,
    rdevMinor: isDevice ? minor(stats.rdev) : 0,
    content: EMPTY,
    target,
    link,
    moved: EMPTY,
    xattrs: EMPTY,
    hint: {
      ino: stats.ino,
      devMajor: major(stats.dev),
      devMinor: minor(stats.dev),
      ctimeSec,
      ctimeNsec,
      nlink: Number(stats.nlink),
      racy: 0,
      holes: EMPTY,
    },
  }
}

/** The parts of a device number as gnu_dev_makedev(3) packs them. */
const major = (device: bigint): number => Number(((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xfffff000n))
const minor = (device: bigint): number => Number((device & 0xffn) | ((device >> 12n) & 0xffffff00n))

function kindOf(stats: BigIntStats): number {
  if (stats.isFile()) return Kind.file
  if (stats.isDirectory()) return Kind.directory
  if (stats.isSymbolicLink()) return Kind.symlink
  if (stats.isFIFO()) return Kind.fifo
  if (stats.isSocket()) return Kind.socket
  return stats.isBlockDevice() ? Kind.block : Kind.char
}

export function plainHeader(kind: StreamKind): Header {
  return {
    kind,
    tool: 'test',
    host: '',
    root: EMPTY,
    rootId: null,
    digest: 'none',
    xattrs: false,
    trustedHidden: false,
    filters: [],
    level: 1,
    data: false,
    dataBefore: false,
    ignored: [],
    comment: '',
    features: [],
  }
}

export const plainEnd: End = {
  rowCount: 0,
  contentCount: 0,
  contentBytes: 0,
  problemCount: 0,
  judgedByTime: 0,
  from: EMPTY,
  to: EMPTY,
}

/** The items of a stream of these rows. */
export function itemsOf(kind: StreamKind, rows: readonly Row[]): Item[] {
  const batches: Item[] = batchesOf(rows).map((batch) => ({ kind: 'rows', batch }))
  return [{ kind: 'header', header: plainHeader(kind) }, ...batches, { kind: 'end', end: plainEnd }]
}
