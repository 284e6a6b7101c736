/**
 * NDJSON to items (spec appendix A), so that any program can write or edit a changeset. Every line is checked as a
 * reader of the stream would check it; rows are cut into batches anew, by the rule that cut them before.
 */
import { unreachable } from '../../base/assert.ts'
import { FormatError, LineError } from '../../base/errors.ts'
import { checkBatch } from '../../format/check.ts'
import { defaultHeader } from '../../format/ndjson/header.ts'
import { decodeLine, type LineRecord } from '../../format/ndjson/line.ts'
import type { GivenEnd } from '../../format/ndjson/notes.ts'
import type { GivenRow } from '../../format/ndjson/row.ts'
import type { Side } from '../../format/ndjson/side.ts'
import { SequenceChecker } from '../../format/sequence.ts'
import { checkTotals, countItem, createTotals } from '../../format/totals.ts'
import { createHasher } from '../../host/native/blake3.ts'
import { BatchBuilder } from '../../model/batch.ts'
import { EMPTY } from '../../model/bytes-column.ts'
import type { EntriesBuilder } from '../../model/entries-builder.ts'
import type { ContentPiece, Header, Item } from '../../model/item.ts'
import { OwnersBuilder } from '../../model/owners.ts'
import { compareBytes, comparePaths } from '../../model/path.ts'
import { LineSplitter } from '../stream/lines.ts'

/** Lines that were edited: totals and tree ids that they have are those of other rows, and contents may have lost theirs. */
export type MakeOptions = { isEdited: boolean }

/**
 * The items that the lines of `source` say, header first, end last. Lines that begin with a header must end with an
 * end record, as a stream must; lines without a header get the default one, and an end.
 * Throws LineError with the number of the line that is at fault.
 */
export async function* makeItems(source: AsyncIterable<Uint8Array>, options: MakeOptions): AsyncIterable<Item> {
  const maker = new ItemMaker(options)
  const splitter = new LineSplitter()
  for await (const bytes of source) {
    for (const line of splitter.split(bytes)) maker.addLine(line, splitter.lineCount)
    for (const item of maker.takeItems()) yield item
  }
  const rest = splitter.rest()
  if (rest !== null) maker.addLine(rest, splitter.lineCount)
  maker.finish(splitter.lineCount + 1)
  for (const item of maker.takeItems()) yield item
}

class ItemMaker {
  #items: Item[] = []
  #header: Header | null = null
  #isHeaderGiven = false
  #hasEnded = false
  readonly #builder = new BatchBuilder()
  readonly #owners = new OwnersBuilder()
  #last: GivenRow | null = null
  readonly #sequence = new SequenceChecker()
  readonly #totals = createTotals()
  readonly #hasher = createHasher()
  readonly #isEdited: boolean

  constructor({ isEdited }: MakeOptions) {
    this.#isEdited = isEdited
  }

  takeItems(): Item[] {
    const items = this.#items
    this.#items = []
    return items
  }

  /** Adds a line without its newline; lines of spaces say nothing. */
  addLine(text: string, line: number): void {
    if (text.trim() === '') return
    if (this.#hasEnded) throw new LineError('trailing-bytes', line, 'there is a record behind the end')
    const record = decodeLine(text, line, this.#header?.kind ?? defaultHeader.kind)
    if (record.kind === 'header') {
      if (this.#header !== null) throw new LineError('misplaced-frame', line, 'the header is not the first record')
      this.#isHeaderGiven = true
    }
    this.#open(record.kind === 'header' ? record.header : defaultHeader)
    this.#addRecord(record, line)
  }

  #open(header: Header): void {
    if (this.#header !== null) return
    this.#header = header
    this.#sequence.check({ kind: 'header', header }, 0)
    this.#items.push({ kind: 'header', header })
  }

  #addRecord(record: LineRecord, line: number): void {
    switch (record.kind) {
      case 'header':
        return
      case 'row':
        this.#addRow(record.row, line)
        return
      case 'end':
        this.#addEnd(record.end, line)
        return
      case 'touch':
      case 'content':
      case 'recipe':
      case 'chunks':
      case 'problem':
      case 'optional':
        // Contents follow the batch that needs them, so a batch ends before every other record.
        this.#flush(line)
        this.#addOther(record.kind === 'content' ? { ...record, isVerified: false } : record, line)
        return
      default:
        unreachable(record)
    }
  }

  #addRow(row: GivenRow, line: number): void {
    const last = this.#last
    if (last !== null) {
      const order = comparePaths(last.dir, row.dir)
      if (order > 0 || (order === 0 && compareBytes(last.name, row.name) >= 0)) {
        throw new LineError('out-of-order', line, 'the row does not come behind the row before it')
      }
    }
    this.#last = row
    const i = this.#builder.addRow(row.dir, row.name)
    this.#builder.setState(i, row.state)
    this.#setSide(this.#builder.before, i, row.before, line)
    this.#setSide(this.#builder.after, i, row.after, line)
    this.#setSide(this.#builder.seen, i, row.seen, line)
    if (this.#builder.isFull) this.#flush(line)
  }

  #setSide(builder: EntriesBuilder, i: number, side: Side | null, line: number): void {
    if (side === null) return
    const { entry, user, group } = side
    builder.set(i, entry)
    const fits =
      (user === null || this.#owners.addUser(entry.uid, user)) &&
      (group === null || this.#owners.addGroup(entry.gid, group))
    if (!fits)
      throw new LineError('bad-owners', line, `user ${entry.uid} or group ${entry.gid} had another name before`)
  }

  #flush(line: number): void {
    const batch = this.#builder.take()
    if (batch === null) return
    batch.owners = this.#owners.take()
    // Each row was checked in its own line; this says the same once more as a reader of the stream will.
    inLine(line, () => checkBatch(batch, this.#header!.kind, line))
    this.#push({ kind: 'rows', batch }, line)
  }

  #push(item: Item, line: number): void {
    inLine(line, () => this.#sequence.check(item, line))
    countItem(this.#totals, item)
    this.#items.push(item)
  }

  #addOther(item: Item, line: number): void {
    if (this.#isEdited && !this.#sequence.isNeeded(item)) return
    this.#push(item, line)
    if (item.kind === 'content') this.#hash(item.piece, line)
  }

  #hash(piece: ContentPiece, line: number): void {
    this.#hasher.update(piece.bytes)
    if (piece.offset + piece.bytes.length < piece.size) return
    if (compareBytes(this.#hasher.finish(), piece.id) !== 0) {
      throw new LineError('content-mismatch', line, 'the content has another BLAKE3 than its id says')
    }
  }

  #addEnd(said: GivenEnd, line: number): void {
    this.#flush(line)
    const given = this.#isEdited ? { ...unknownEnd, judgedByTime: said.judgedByTime } : said
    const totals = this.#totals
    const end = {
      rowCount: given.rowCount ?? totals.rowCount,
      contentCount: given.contentCount ?? totals.contentCount,
      contentBytes: given.contentBytes ?? totals.contentBytes,
      problemCount: given.problemCount ?? totals.problemCount,
      judgedByTime: given.judgedByTime,
      from: given.from,
      to: given.to,
    }
    inLine(line, () => checkTotals(totals, end, line))
    this.#push({ kind: 'end', end }, line)
    this.#hasEnded = true
  }

  /** Ends the items. Lines that began with a header were cut off where no end came. */
  finish(line: number): void {
    if (this.#hasEnded) return
    if (this.#isHeaderGiven) throw new LineError('truncated', line, 'there is a header, but no end record')
    this.#open(defaultHeader)
    this.#addEnd(unknownEnd, line)
  }
}

const unknownEnd: GivenEnd = {
  ...{ rowCount: null, contentCount: null, contentBytes: null, problemCount: null },
  ...{ judgedByTime: 0, from: EMPTY, to: EMPTY },
}

/** Runs a check of the format floor, whose errors name an offset, so that they name the line. */
function inLine(line: number, check: () => void): void {
  try {
    check()
  } catch (error) {
    throw error instanceof FormatError ? new LineError(error.code, line, error.detail) : error
  }
}
