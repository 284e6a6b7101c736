/** Rows frames: batches to records and back, whatever they hold; front coding; hints. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeItems } from '../../src/format/items.ts'
import { decodeRecords } from '../../src/format/msgpack.ts'
import { encodeLines } from '../../src/format/ndjson/line.ts'
import { encodeRows } from '../../src/format/rows.ts'
import { type Batch, BatchBuilder } from '../../src/model/batch.ts'
import { EMPTY } from '../../src/model/bytes-column.ts'
import type { Entry, Hint } from '../../src/model/entries.ts'
import type { StreamKind } from '../../src/model/item.ts'
import { arbitraryItems } from '../support/arbitrary-items.ts'

const rawOf = (batch: Batch): Buffer => {
  const { rows, hints, owners } = encodeRows(batch)
  return Buffer.concat([rows, hints ?? EMPTY, owners ?? EMPTY])
}

function decoded(raw: Uint8Array, kind: StreamKind): Batch {
  const [item] = decodeItems(2, decodeRecords(raw, 0), kind, 0)
  if (item?.kind !== 'rows') throw new Error('no rows')
  return item.batch
}

describe('decode(encode(batch))', () => {
  test('has the same rows, and encode(decode(bytes)) the same bytes', () => {
    fc.assert(
      fc.property(arbitraryItems(), (items) => {
        const [header] = items
        const kind = header?.kind === 'header' ? header.header.kind : 'plan'
        for (const item of items) {
          if (item.kind !== 'rows') continue
          const raw = rawOf(item.batch)
          const batch = decoded(raw, kind)
          expect(encodeLines({ kind: 'rows', batch })).toBe(encodeLines(item))
          expect(rawOf(batch).equals(raw)).toBe(true)
        }
      }),
      { numRuns: 150 },
    )
  })
})

const entry: Entry = {
  ...{
    kind: 1,
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: 5,
    mtimeSec: 1_700_000_000,
    mtimeNsec: 0,
    rdevMajor: 0,
    rdevMinor: 0,
  },
  ...{ content: EMPTY, target: EMPTY, link: EMPTY, moved: EMPTY, xattrs: EMPTY, hint: null },
}
const hint: Hint = {
  ...{ ino: 0n, devMajor: 0, devMinor: 0, ctimeSec: 0, ctimeNsec: 0, nlink: 0, racy: 0, holes: EMPTY },
}
type Sides = { before?: Entry; after?: Entry }

function batchOf(rows: Sides[]): Batch {
  const builder = new BatchBuilder()
  rows.forEach(({ before, after }, at) => {
    const i = builder.addRow(EMPTY, Buffer.from(`f${at}`))
    if (before !== undefined) builder.before.set(i, before)
    if (after !== undefined) builder.after.set(i, after)
  })
  return builder.take()!
}

describe('hints', () => {
  const rows: [name: string, sides: Sides[], hasRecord: boolean][] = [
    ['none', [{ after: entry }], false],
    ['all zero', [{ after: { ...entry, mtimeSec: 5, hint } }], false],
    [
      'nothing but a ctime that equals the mtime',
      [{ after: { ...entry, hint: { ...hint, ctimeSec: 1_700_000_000 } } }],
      true,
    ],
    ['of one row only', [{ after: entry }, { after: { ...entry, hint: { ...hint, ino: 7n } } }], true],
    [
      'before that are there, after that are all zero',
      [{ before: { ...entry, hint: { ...hint, ino: 7n } }, after: { ...entry, mode: 0o600, hint } }],
      true,
    ],
    [
      'on both sides',
      [
        {
          before: { ...entry, hint: { ...hint, ino: 7n } },
          after: { ...entry, hint: { ...hint, ino: 2n ** 64n - 1n } },
        },
      ],
      true,
    ],
  ]
  for (const [name, sides, hasRecord] of rows) {
    test(`${name} come back as they were`, () => {
      const batch = batchOf(sides)
      expect(encodeRows(batch).hints !== null).toBe(hasRecord)
      const again = decoded(rawOf(batch), 'changeset')
      expect(encodeLines({ kind: 'rows', batch: again })).toBe(encodeLines({ kind: 'rows', batch }))
    })
  }
})

describe('what a change costs', () => {
  const count = 4096
  const rows = (change: (at: number) => Partial<Entry>): Batch =>
    batchOf(
      Array.from({ length: count }, (_, at) => ({
        before: { ...entry, size: at },
        after: { ...entry, size: at, ...change(at) },
      })),
    )

  test('nothing for columns that are equal on both sides', () => {
    const { fields } = decodeRecords(encodeRows(rows(() => ({}))).rows, 0)[0]!
    expect(Object.keys(fields['before'] as object)).toEqual(['kind'])
  })

  test('a byte a row where only the last byte of a time differs', () => {
    const { fields } = decodeRecords(
      encodeRows(rows((at) => ({ mtimeSec: entry.mtimeSec ^ (1 + (at & 7)) }))).rows,
      0,
    )[0]!
    expect((fields['before'] as { mtimeSec: Uint8Array }).mtimeSec.length).toBe(count)
  })
})

describe('the records', () => {
  test('of equal batches are equal bytes, and their digests do not see hints', () => {
    const plain = encodeRows(batchOf([{ after: entry }]))
    const hinted = encodeRows(batchOf([{ after: { ...entry, hint: { ...hint, ino: 7n } } }]))
    expect(Buffer.from(hinted.rows).equals(plain.rows)).toBe(true)
    expect(hinted.hints).not.toBe(null)
  })
})
