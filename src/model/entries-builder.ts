/** Builds entries (spec §5): rows are set in order, the columns are taken as a whole. */
import { assert } from '../base/assert.ts'
import { Kind, Limits } from '../base/constants.ts'
import { type BytesColumn, BytesColumnBuilder } from './bytes-column.ts'
import { type Entries, type Entry, entryAt, type Hint, type Hints, ID_BYTES } from './entries.ts'

/**
 * Collects entries row by row, at most Limits.batchRowsMax. Its columns are public: the scan writes them directly.
 * A row whose columns are not set is absent.
 */
export class EntriesBuilder {
  readonly kind = new Uint8Array(Limits.batchRowsMax)
  readonly mode = new Uint16Array(Limits.batchRowsMax)
  readonly uid = new Uint32Array(Limits.batchRowsMax)
  readonly gid = new Uint32Array(Limits.batchRowsMax)
  readonly size = new Float64Array(Limits.batchRowsMax)
  readonly mtimeSec = new Float64Array(Limits.batchRowsMax)
  readonly mtimeNsec = new Uint32Array(Limits.batchRowsMax)
  readonly rdevMajor = new Uint32Array(Limits.batchRowsMax)
  readonly rdevMinor = new Uint32Array(Limits.batchRowsMax)
  readonly ino = new BigUint64Array(Limits.batchRowsMax)
  /** The same memory as `ino`, as pairs of low and high halves. */
  readonly inoHalves = new Uint32Array(this.ino.buffer)
  readonly devMajor = new Uint32Array(Limits.batchRowsMax)
  readonly devMinor = new Uint32Array(Limits.batchRowsMax)
  readonly ctimeSec = new Float64Array(Limits.batchRowsMax)
  readonly ctimeNsec = new Uint32Array(Limits.batchRowsMax)
  readonly nlink = new Uint32Array(Limits.batchRowsMax)
  readonly racy = new Uint8Array(Limits.batchRowsMax)
  #content: Uint8Array | null = null
  readonly #target = new BytesColumnBuilder()
  readonly #link = new BytesColumnBuilder()
  readonly #moved = new BytesColumnBuilder()
  readonly #xattrs = new BytesColumnBuilder()
  readonly #holes = new BytesColumnBuilder()
  #hasHints = false
  #hasEntries = false

  /** Bytes of the variable columns so far. */
  get byteLength(): number {
    return (
      this.#target.byteLength +
      this.#link.byteLength +
      this.#moved.byteLength +
      this.#xattrs.byteLength +
      this.#holes.byteLength
    )
  }

  /** Says that some row has an entry, and whether with hints: for callers that write the columns directly. */
  touch(withHints: boolean): void {
    this.#hasEntries = true
    if (withHints) this.#hasHints = true
  }

  setTarget(i: number, target: Uint8Array): void {
    setBytes(this.#target, i, target)
  }
  setLink(i: number, link: Uint8Array): void {
    setBytes(this.#link, i, link)
  }
  setMoved(i: number, moved: Uint8Array): void {
    setBytes(this.#moved, i, moved)
  }
  setXattrs(i: number, xattrs: Uint8Array): void {
    setBytes(this.#xattrs, i, xattrs)
  }
  setHoles(i: number, holes: Uint8Array): void {
    setBytes(this.#holes, i, holes)
  }
  setContent(i: number, id: Uint8Array): void {
    if (id.length === 0) return
    assert(id.length === ID_BYTES)
    this.#content ??= new Uint8Array(Limits.batchRowsMax * ID_BYTES)
    this.#content.set(id, i * ID_BYTES)
  }

  /** Sets row i, the last row so far. */
  set(i: number, entry: Entry): void {
    this.kind[i] = entry.kind
    this.mode[i] = entry.mode
    this.uid[i] = entry.uid
    this.gid[i] = entry.gid
    this.size[i] = entry.size
    this.mtimeSec[i] = entry.mtimeSec
    this.mtimeNsec[i] = entry.mtimeNsec
    this.rdevMajor[i] = entry.rdevMajor
    this.rdevMinor[i] = entry.rdevMinor
    this.setContent(i, entry.content)
    this.setTarget(i, entry.target)
    this.setLink(i, entry.link)
    this.setMoved(i, entry.moved)
    this.setXattrs(i, entry.xattrs)
    if (entry.hint !== null) this.#setHint(i, entry.hint)
    this.touch(entry.hint !== null)
  }

  #setHint(i: number, hint: Hint): void {
    this.ino[i] = hint.ino
    this.devMajor[i] = hint.devMajor
    this.devMinor[i] = hint.devMinor
    this.ctimeSec[i] = hint.ctimeSec
    this.ctimeNsec[i] = hint.ctimeNsec
    this.nlink[i] = hint.nlink
    this.racy[i] = hint.racy
    this.setHoles(i, hint.holes)
  }

  /** Copies row `from` of `source` to row i, the last row so far. An absent row stays absent. */
  copy(i: number, source: Entries, from: number): void {
    const entry = entryAt(source, from)
    if (entry !== null) this.set(i, entry)
  }

  /** Sets the columns of fixed width of all rows at once, from the first on. */
  load(entries: Entries): void {
    const { hints, rdevMajor, rdevMinor } = entries
    for (const name of FIXED) (this[name] as Uint8Array).set(entries[name] as Uint8Array)
    if (rdevMajor !== null) this.rdevMajor.set(rdevMajor)
    if (rdevMinor !== null) this.rdevMinor.set(rdevMinor)
    if (hints !== null) {
      this.ino.set(hints.ino)
      for (const name of FIXED_HINTS) (this[name] as Uint8Array).set(hints[name] as Uint8Array)
    }
    this.touch(hints !== null)
  }

  /** Makes row i absent again, as far as its columns of fixed width go. */
  clear(i: number): void {
    for (const name of FIXED) this[name][i] = 0
    for (const name of FIXED_HINTS) this[name][i] = 0
    this.rdevMajor[i] = 0
    this.rdevMinor[i] = 0
    this.ino[i] = 0n
  }

  /** The finished columns of `count` rows, or null where no row has an entry; the builder is empty again. */
  take(count: number): Entries | null {
    const entries = this.#hasEntries ? this.#takeEntries(count) : null
    this.#hasEntries = false
    this.#hasHints = false
    return entries
  }

  #takeEntries(count: number): Entries {
    const devices = anyDevice(this.kind, count)
    const entries: Entries = {
      count,
      kind: takeColumn(this.kind, count),
      mode: takeColumn(this.mode, count),
      uid: takeColumn(this.uid, count),
      gid: takeColumn(this.gid, count),
      size: takeColumn(this.size, count),
      mtimeSec: takeColumn(this.mtimeSec, count),
      mtimeNsec: takeColumn(this.mtimeNsec, count),
      rdevMajor: devices ? takeColumn(this.rdevMajor, count) : null,
      rdevMinor: devices ? takeColumn(this.rdevMinor, count) : null,
      content: this.#content?.slice(0, count * ID_BYTES) ?? null,
      target: takeBytes(this.#target, count),
      link: takeBytes(this.#link, count),
      moved: takeBytes(this.#moved, count),
      xattrs: takeBytes(this.#xattrs, count),
      hints: this.#hasHints ? this.#takeHints(count) : null,
    }
    this.#content = null
    return entries
  }

  #takeHints(count: number): Hints {
    return {
      ino: takeColumn(this.ino, count),
      devMajor: takeColumn(this.devMajor, count),
      devMinor: takeColumn(this.devMinor, count),
      ctimeSec: takeColumn(this.ctimeSec, count),
      ctimeNsec: takeColumn(this.ctimeNsec, count),
      nlink: takeColumn(this.nlink, count),
      racy: takeColumn(this.racy, count),
      holes: takeBytes(this.#holes, count),
    }
  }
}

const FIXED = ['kind', 'mode', 'uid', 'gid', 'size', 'mtimeSec', 'mtimeNsec'] as const
const FIXED_HINTS = ['devMajor', 'devMinor', 'ctimeSec', 'ctimeNsec', 'nlink', 'racy'] as const

function setBytes(column: BytesColumnBuilder, i: number, bytes: Uint8Array): void {
  if (bytes.length === 0) return
  column.padTo(i)
  assert(column.count === i, 'rows are set in order')
  column.push(bytes)
}

function takeBytes(column: BytesColumnBuilder, count: number): BytesColumn | null {
  if (column.byteLength === 0) return null
  column.padTo(count)
  return column.take()
}

type Column = Uint8Array | Uint16Array | Uint32Array | Float64Array | BigUint64Array

/** A copy of the first `count` values; the column itself is zeroed for its next use. */
function takeColumn<C extends Column>(column: C, count: number): C {
  const taken = column.slice(0, count) as C
  if (typeof column[0] === 'bigint') (column as BigUint64Array).fill(0n, 0, count)
  else (column as Uint8Array).fill(0, 0, count)
  return taken
}

function anyDevice(kind: Uint8Array, count: number): boolean {
  for (let i = 0; i < count; i++) if (kind[i] === Kind.char || kind[i] === Kind.block) return true
  return false
}
