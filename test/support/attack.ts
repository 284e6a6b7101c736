/**
 * What attacks are made of: rows and streams as only an attacker would write them, and the arena that they are let loose
 * in: a target, and outside of it, in the same directory, what nobody may touch.
 */
import {
  type BigIntStats,
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
} from 'node:fs'
import { Kind } from '../../src/base/constants.ts'
import { readItems } from '../../src/flow/stream/reader.ts'
import { encodeItems } from '../../src/flow/stream/writer.ts'
import { hashBytes } from '../../src/host/native/blake3.ts'
import { type Batch, BatchBuilder } from '../../src/model/batch.ts'
import { EMPTY } from '../../src/model/bytes-column.ts'
import type { Entry } from '../../src/model/entries.ts'
import type { Item, Recipe, RecipeRange, StreamKind } from '../../src/model/item.ts'
import { type TimePair, TOUCH } from '../../src/model/touch.ts'
import { replayItems } from './apply-tree.ts'
import { plainEnd, plainHeader } from './disk-rows.ts'
import { directory, fifo, file, makeTree, setMetadata, type TreeSpec } from './disk-tree.ts'

export type Arena = { dir: string; target: string; outside: string }

/** How an attack ends; where it is an error, `at` may say in which frame. */
export type Ending =
  | { error: string }
  | { outcome: 'conflicts' | 'missing-contents' | 'problems' | 'unchanged'; states?: readonly string[] }
  /** It is no attack on what is outside: the target becomes what the rows say. */
  | { outcome: 'applied' }

export type Attack = {
  /** What the target holds, beside `mine`, a file. */
  target?: TreeSpec
  /** The bytes of the stream, or the items of one. */
  stream(arena: Arena): Uint8Array | AsyncIterable<Uint8Array> | Item[] | Promise<Uint8Array | Item[]>
  /** One or several ways that it may end. */
  ends: Ending
}

export const time = [1_500_000_000, 0] as const

/** Makes the arena. The names outside are those that attacks use inside. */
export function makeArena(dir: string, spec: TreeSpec): Arena {
  const arena = { dir, target: `${dir}/target`, outside: `${dir}/outside` }
  mkdirSync(arena.target)
  mkdirSync(arena.outside)
  makeTree(arena.outside, outsideSpec, time)
  makeTree(arena.target, [['mine', file('mine', { mode: 0o640 })], ...spec], time)
  setMetadata(arena.target, '', { kind: 'directory', mode: 0o755, mtime: time })
  return arena
}

const outsideSpec: TreeSpec = [
  ['', directory({ mode: 0o755 })],
  ['secret', file('secret', { mode: 0o600 })],
  ['sub', directory({ mode: 0o755 })],
  ['sub/secret', file('deep secret', { mode: 0o600 })],
  ['pipe', fifo()],
]

/** Everything about a tree, inode and change times too, so that even a change that changes nothing is seen. */
export function fingerprint(dir: string, options: { changeTimes: boolean }): string[] {
  const lines: string[] = []
  const visit = (path: string, name: string): void => {
    const stats = lstatSync(path, { bigint: true })
    lines.push(`${name} ${describe(path, stats)} ${options.changeTimes && name !== '' ? stats.ctimeNs : ''}`)
    if (stats.isDirectory()) for (const child of readdirSync(path).sort()) visit(`${path}/${child}`, `${name}/${child}`)
  }
  visit(dir, '')
  return lines
}

function describe(path: string, stats: BigIntStats): string {
  const { ino, mode, uid, gid, nlink, size, mtimeNs } = stats
  const bytes = stats.isFile()
    ? Buffer.from(hashBytes(readQuietly(path))).toString('hex')
    : stats.isSymbolicLink()
      ? readlinkSync(path)
      : ''
  return [ino, mode.toString(8), uid, gid, nlink, stats.isDirectory() ? 0 : size, mtimeNs, bytes].join(' ')
}

function readQuietly(path: string): Buffer {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  try {
    return readFileSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** A row whose directory and name are taken as they are. */
export type RawRow = { dir: string | Uint8Array; name: string | Uint8Array; before?: Entry; after?: Entry }

/** One batch of rows in the order given, whatever they are. */
export function rawBatch(rows: readonly RawRow[]): Batch {
  const builder = new BatchBuilder()
  for (const { dir, name, before, after } of rows) {
    const i = builder.addRow(Buffer.from(dir), Buffer.from(name))
    if (before !== undefined) builder.before.set(i, before)
    if (after !== undefined) builder.after.set(i, after)
  }
  return builder.take()!
}

/** A row of a path, split at its last slash. */
export function row(path: string, sides: { before?: Entry; after?: Entry }): RawRow {
  const slash = path.lastIndexOf('/')
  return { dir: slash < 0 ? '' : path.slice(0, slash), name: path.slice(slash + 1), ...sides }
}

const plain: Entry = {
  kind: Kind.file,
  mode: 0o644,
  uid: process.getuid!(),
  gid: process.getgid!(),
  size: 0,
  mtimeSec: time[0],
  mtimeNsec: 0,
  rdevMajor: 0,
  rdevMinor: 0,
  content: EMPTY,
  target: EMPTY,
  link: EMPTY,
  moved: EMPTY,
  xattrs: EMPTY,
  hint: null,
}

export const bytesOf = (text: string | Uint8Array): Buffer => Buffer.from(text)

export function fileEntry(bytes: string | Uint8Array, more: Partial<Entry> = {}): Entry {
  const content = bytesOf(bytes)
  return { ...plain, size: content.length, content: content.length === 0 ? EMPTY : hashBytes(content), ...more }
}
export function directoryEntry(more: Partial<Entry> = {}): Entry {
  return { ...plain, kind: Kind.directory, mode: 0o755, ...more }
}
export function symlinkEntry(target: string | Uint8Array, more: Partial<Entry> = {}): Entry {
  return { ...plain, kind: Kind.symlink, mode: 0o777, target: bytesOf(target), ...more }
}
export function entryOfKind(kind: number, more: Partial<Entry> = {}): Entry {
  return { ...plain, kind, ...more }
}

/** A content in one piece. */
export function content(bytes: string | Uint8Array): Item {
  const data = bytesOf(bytes)
  return {
    kind: 'content',
    piece: { id: hashBytes(data), size: data.length, offset: 0, bytes: data },
    isVerified: false,
  }
}

/** A recipe for `bytes`. */
export function recipe(bytes: string | Uint8Array, ranges: RecipeRange[]): Item {
  const data = bytesOf(bytes)
  const made: Recipe = { id: hashBytes(data), size: data.length, literals: EMPTY, ranges, squeezes: [] }
  return { kind: 'recipe', recipe: made }
}

/** A touch of files of which only this is said. */
export function touch(fileCount: number, digest: Uint8Array, pairs: TimePair[]): Item {
  return { kind: 'touch', touch: { fileCount, digest, pairs } }
}

export function rows(...list: RawRow[]): Item {
  return { kind: 'rows', batch: rawBatch(list) }
}

/** The items of a stream. */
export function itemsOf(items: readonly Item[], kind: StreamKind = 'changeset'): Item[] {
  const features = items.some((item) => item.kind === 'touch') ? [TOUCH] : []
  return [{ kind: 'header', header: { ...plainHeader(kind), features } }, ...items, { kind: 'end', end: plainEnd }]
}

/** A stream as our own writer writes it: it does not ask whether it should. */
export async function encode(items: readonly Item[], kind: StreamKind = 'changeset'): Promise<Buffer> {
  return Buffer.concat(await collectBytes(encodeItems(replayItems(itemsOf(items, kind)))))
}

async function collectBytes(source: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const parts: Uint8Array[] = []
  for await (const part of source) parts.push(part)
  return parts
}

/** The items that bytes, in one piece or many, are read as. */
export function itemsOfBytes(bytes: Uint8Array | AsyncIterable<Uint8Array>): AsyncIterable<Item> {
  return readItems(bytes instanceof Uint8Array ? onePiece(bytes) : bytes)
}

async function* onePiece(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
