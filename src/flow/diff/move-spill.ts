/**
 * Moves of files among more rows than are held in memory (spec §8.5). The rows go to a file, and those that could tell a move
 * also to one of several parts, by what they are paired by, so that what could be paired lies in one part. The parts are paired
 * one after the other; what they found is merged with the rows in row order. Directories are not moved as wholes here.
 */
import { decodeRecords } from '../../format/msgpack.ts'
import { decodeRows, encodeRows } from '../../format/rows.ts'
import { Spool } from '../../host/stream/spool.ts'
import { type Batch, BatchBuilder, forEachRow } from '../../model/batch.ts'
import { bytesAt, EMPTY, startOf } from '../../model/bytes-column.ts'
import { contentAt, type Entries, hasContent } from '../../model/entries.ts'
import { copyEntry, copySides, markSuspect } from '../../tree/copy-entry.ts'
import {
  Evidence,
  findCandidates,
  type Half,
  isCandidate,
  pairFiles,
  weakestEvidence,
} from '../../tree/move-evidence.ts'
import { isEquallyKnown, type MoveRules } from '../../tree/moves.ts'
import { RowOutput } from '../../tree/row-output.ts'
import { RowStore } from '../../tree/row-store.ts'

const PART_COUNT = 64
/** A part that is larger tells no moves: its files are too much alike. */
const PART_BYTES_MAX = 512 * 2 ** 20

/** Rows that could tell moves by equal evidence, with the number that each has among all rows. */
type Part = { builder: BatchBuilder; ordinals: number[]; spool: Spool }

/** The other end of a row's move on this side. Marks of a part ascend by row. */
type Mark = { ordinal: number; half: Half; isGuess: boolean; path: Uint8Array }

export class MoveSpill {
  readonly #rules: MoveRules
  readonly #isById: boolean
  readonly #rows = new Spool()
  readonly #parts: Part[] = []
  readonly #marks: Spool[] = []
  #rowCount = 0

  /** @param held the first rows; they show whether contents are known on both sides, and then ids alone count */
  constructor(held: readonly Batch[], rules: MoveRules) {
    this.#rules = rules
    const isKnown = (half: Half): boolean => held.some((batch) => (batch[half]?.content ?? null) !== null)
    this.#isById = isKnown('before') && isKnown('after')
    for (let p = 0; p < PART_COUNT; p++)
      this.#parts.push({ builder: new BatchBuilder(), ordinals: [], spool: new Spool() })
    for (const batch of held) this.add(batch)
  }

  /** @throws HostError */
  add(batch: Batch): void {
    this.#rows.append(encodeBatch(batch))
    forEachRow(batch, (d, i) => {
      const ordinal = this.#rowCount++
      const [origin, destination] = [this.#partFor(batch, 'before', i), this.#partFor(batch, 'after', i)]
      if (origin !== null) addRow(origin, batch, d, i, ordinal, origin === destination ? 'both' : 'before')
      if (destination !== null && destination !== origin) addRow(destination, batch, d, i, ordinal, 'after')
    })
  }

  /** The rows with their moves. @throws HostError */
  *finish(): Generator<Batch> {
    for (const part of this.#parts) this.#pairPart(part)
    const marks = mergeMarks(this.#marks)
    let mark = nextOf(marks)
    const output = new RowOutput()
    let ordinal = 0
    for (const bytes of this.#rows.read()) {
      const batch = decodeBatch(bytes)
      output.learnOwners(batch, 'after')
      forEachRow(batch, (d, i) => {
        const row = output.startRow(batch, d, i)
        copySides(output.builder, row, batch, i)
        for (; mark?.ordinal === ordinal; mark = nextOf(marks)) {
          const side = output.builder[mark.half]
          side.setMoved(row, mark.path)
          if (mark.half === 'after' && !hasContent(batch.after!, i)) markSuspect(side, row, mark.isGuess)
        }
        output.endRow()
        ordinal++
      })
      yield* output.take(false)
    }
    yield* output.take(true)
  }

  close(): void {
    for (const spool of [this.#rows, ...this.#parts.map((part) => part.spool), ...this.#marks]) spool.close()
  }

  #partFor(batch: Batch, half: Half, i: number): Part | null {
    if (!isCandidate(batch, half, i)) return null
    return this.#parts[(partKey(batch[half]!, i, this.#isById) >>> 0) % PART_COUNT]!
  }

  #pairPart(part: Part): void {
    flushPart(part)
    if (part.spool.size > PART_BYTES_MAX) return
    const store = new RowStore()
    const ordinals: number[] = []
    let isBatch = true
    for (const bytes of part.spool.read()) {
      if (isBatch) store.add(decodeBatch(bytes))
      else ordinals.push(...new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8))
      isBatch = !isBatch
    }
    const marks: Mark[] = []
    pairFiles(
      store,
      findCandidates(store),
      weakestEvidence(this.#rules.isWeakAllowed),
      false,
      (origin, destination, evidence) => {
        if (ordinals[origin] === ordinals[destination] || !isEquallyKnown(store, origin, destination)) return
        const isGuess = evidence === Evidence.name
        marks.push({ ordinal: ordinals[origin]!, half: 'before', isGuess, path: store.pathOf(destination) })
        marks.push({ ordinal: ordinals[destination]!, half: 'after', isGuess, path: store.pathOf(origin) })
      },
    )
    const spool = new Spool()
    this.#marks.push(spool)
    marks.sort((a, b) => a.ordinal - b.ordinal)
    for (const mark of marks) spool.append(encodeMark(mark))
  }
}

function addRow(part: Part, batch: Batch, d: number, i: number, ordinal: number, halves: Half | 'both'): void {
  const { builder, ordinals } = part
  const { names } = batch
  const row = builder.addRowRange(bytesAt(batch.dirs, d), names.heap, startOf(names, i), names.ends[i]!)
  for (const half of ['before', 'after'] as const) {
    if (batch[half] !== null && (halves === 'both' || halves === half)) copyEntry(builder[half], row, batch[half], i)
  }
  ordinals.push(ordinal)
  if (builder.isFull) flushPart(part)
}

function flushPart(part: Part): void {
  const batch = part.builder.take()
  if (batch === null) return
  part.spool.append(encodeBatch(batch))
  part.spool.append(new Uint8Array(Float64Array.from(part.ordinals).buffer))
  part.ordinals = []
}

/** Equal for all that could be paired: by content id where both sides know it, else by size and time. */
function partKey(entries: Entries, i: number, isById: boolean): number {
  if (isById && hasContent(entries, i)) {
    const id = contentAt(entries, i)
    return id[0]! | (id[1]! << 8) | (id[2]! << 16)
  }
  const stamp = Math.imul(entries.size[i]! % 0x7fffffff, 31) ^ Math.imul(entries.mtimeSec[i]! % 0x7fffffff, 17)
  return Math.imul(stamp ^ entries.mtimeNsec[i]!, 0x9e3779b1) >>> 8
}

function* mergeMarks(spools: readonly Spool[]): Generator<Mark> {
  const readers = spools.map((spool) => spool.read())
  const heads = readers.map(nextMark)
  for (;;) {
    let least = -1
    for (let p = 0; p < heads.length; p++) {
      if (heads[p] !== null && (least < 0 || heads[p]!.ordinal < heads[least]!.ordinal)) least = p
    }
    if (least < 0) return
    yield heads[least]!
    heads[least] = nextMark(readers[least]!)
  }
}

function nextMark(reader: Iterator<Uint8Array>): Mark | null {
  const bytes = nextOf(reader)
  return bytes === null ? null : decodeMark(bytes)
}

function nextOf<T>(iterator: Iterator<T>): T | null {
  const { value, done } = iterator.next()
  return done ? null : value
}

const ORDINAL_BYTES = 8

function encodeMark({ ordinal, half, isGuess, path }: Mark): Uint8Array {
  const bytes = Buffer.alloc(ORDINAL_BYTES + 1 + path.length)
  bytes.writeDoubleLE(ordinal)
  bytes.writeUInt8((half === 'before' ? 0 : 1) + (isGuess ? 2 : 0), ORDINAL_BYTES)
  bytes.set(path, ORDINAL_BYTES + 1)
  return bytes
}

function decodeMark(bytes: Uint8Array): Mark {
  const ordinal = Buffer.from(bytes.buffer, bytes.byteOffset).readDoubleLE()
  const bits = bytes[ORDINAL_BYTES]!
  const half = (bits & 1) === 0 ? 'before' : 'after'
  return { ordinal, half, isGuess: (bits & 2) !== 0, path: bytes.subarray(ORDINAL_BYTES + 1) }
}

function encodeBatch(batch: Batch): Uint8Array {
  const { rows, hints, owners } = encodeRows(batch)
  return Buffer.concat([rows, hints ?? EMPTY, owners ?? EMPTY])
}

function decodeBatch(bytes: Uint8Array): Batch {
  return decodeRows(decodeRecords(bytes, 0), 'changeset', 0)
}
