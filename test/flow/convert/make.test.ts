/** make.ts and show/json.ts: NDJSON and streams, both ways. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Kind } from '../../../src/base/constants.ts'
import { makeItems } from '../../../src/flow/convert/make.ts'
import { showJson } from '../../../src/flow/show/json.ts'
import { readItems } from '../../../src/flow/stream/reader.ts'
import { encodeItems } from '../../../src/flow/stream/writer.ts'
import { hashBytes } from '../../../src/host/native/blake3.ts'
import type { Item } from '../../../src/model/item.ts'
import { rowsOf } from '../../../src/model/row.ts'
import { arbitraryItems } from '../../support/arbitrary-items.ts'

describe('make(show(x)) = x', () => {
  test('for any stream, byte by byte', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryItems(), async (items) => {
        const stream = await bytesOf(encodeItems(each(items)))
        const json = await textOf(showJson(readItems(each([stream]))))
        const again = await bytesOf(encodeItems(makeItems(each([Buffer.from(json)]), { isEdited: false })))
        expect(again.equals(stream)).toBe(true)
      }),
      { numRuns: 100 },
    )
  })

  test('for lines in any pieces', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryItems(), fc.integer({ min: 1, max: 50 }), async (items, step) => {
        const json = await textOf(showJson(each(items)))
        expect(await textOf(showJson(makeItems(each(cut(Buffer.from(json), step)), { isEdited: false })))).toBe(json)
      }),
      { numRuns: 50 },
    )
  })

  test('shows nothing that a terminal would act upon', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryItems(), async (items) => {
        const lines = (await textOf(showJson(each(items)))).split('\n')
        for (const line of lines) expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
      }),
      { numRuns: 50 },
    )
  })

  test('rows are cut into the batches they came in', async () => {
    const line = (i: number): string =>
      `{"record":"row","path":"d${i % 7}/${String(i).padStart(5, '0')}","after":{"kind":"fifo"}}`
    const paths = Array.from({ length: 9000 }, (_, i) => i).sort((a, b) => (a % 7) - (b % 7) || a - b)
    const text = paths.map(line).join('\n')
    const stream = await bytesOf(encodeItems(makeItems(each([Buffer.from(text)]), { isEdited: false })))
    const again = makeItems(each([Buffer.from(await textOf(showJson(readItems(each([stream])))))]), { isEdited: false })
    const items = await listOf(again)
    expect(items.filter(({ kind }) => kind === 'rows').length).toBeGreaterThan(3)
    expect((await bytesOf(encodeItems(each(items)))).equals(stream)).toBe(true)
  })
})

describe('makeItems: lines written by hand', () => {
  test('a row without a header is a changeset, with the documented defaults', async () => {
    const items = await make('{"record":"row","path":"a","after":{"kind":"file"}}')
    expect(items.map(({ kind }) => kind)).toEqual(['header', 'rows', 'end'])
    expect(items[0]).toMatchObject({ header: { kind: 'changeset', tool: '', level: 0, data: false } })
    expect(rowOf(items)).toMatchObject({
      before: null,
      after: { kind: Kind.file, mode: 0o644, uid: 0, gid: 0, size: 0, mtimeSec: 0, mtimeNsec: 0, hint: null },
    })
    expect(items[2]).toMatchObject({ end: { rowCount: 1, problemCount: 0 } })
  })

  test.each([
    ['directory', 0o755],
    ['fifo', 0o644],
  ])('a %s has mode %o', async (kind, mode) => {
    expect(rowOf(await make(`{"record":"row","path":"a","after":{"kind":"${kind}"}}`)).after?.mode).toBe(mode)
  })

  test('nothing at all is an empty changeset', async () => {
    expect((await make('')).map(({ kind }) => kind)).toEqual(['header', 'end'])
  })

  test('empty lines, other line ends, spaces and a missing last newline do not matter', async () => {
    const items = await make('\r\n { "path" : "a", "record":"row", "after" : {"kind":"fifo"} }\r\n\n')
    expect(items).toHaveLength(3)
  })

  test('byte strings are text, hex or base64', async () => {
    for (const path of ['"\\u00fc\\n"', '{"hex":"C3bc0a"}', '{"base64":"w7wK"}']) {
      const items = await make(`{"record":"row","path":${path},"after":{"kind":"fifo"}}`)
      expect(Buffer.from(rowOf(items).path).toString()).toBe('\u00fc\n')
    }
  })

  test('a content needs neither size nor offset, nor an end its totals', async () => {
    const id = Buffer.from(hashBytes(Buffer.from('hello'))).toString('hex')
    const items = await make(
      '{"record":"header","kind":"snapshot"}',
      `{"record":"row","path":"a","after":{"kind":"file","size":5,"content":"${id}"}}`,
      `{"record":"content","id":"${id}","bytes":"hello"}`,
      '{"record":"end"}',
    )
    expect(items[2]).toMatchObject({ piece: { size: 5, offset: 0, bytes: Buffer.from('hello') } })
    expect(items[3]).toMatchObject({ end: { rowCount: 1, contentCount: 1, contentBytes: 5, problemCount: 0 } })
  })

  test('an optional record needs no value', async () => {
    expect((await make('{"record":"optional","name":"x.note"}'))[1]).toMatchObject({ value: new Uint8Array(0) })
  })

  test('a batch ends before a problem', async () => {
    const row = (path: string): string => `{"record":"row","path":"${path}","after":{"kind":"fifo"}}`
    const items = await make(row('a'), '{"record":"problem","path":"b","code":"vanished","phase":"scan"}', row('c'))
    expect(items.map(({ kind }) => kind)).toEqual(['header', 'rows', 'problem', 'rows', 'end'])
  })
})

describe('makeItems: lines that were edited', () => {
  test('totals are counted, ids forgotten, and contents without a row left out', async () => {
    const [kept, gone] = ['kept', 'gone'].map((text) => Buffer.from(hashBytes(Buffer.from(text))).toString('hex'))
    const lines = [
      '{"record":"header"}',
      `{"record":"row","path":"a","after":{"kind":"file","size":4,"content":"${kept}"}}`,
      `{"record":"content","id":"${gone}","bytes":"gone"}`,
      `{"record":"recipe","id":"${gone}","ranges":[{"from":"before","path":"a","length":4}]}`,
      `{"record":"chunks","id":"${gone}","chunks":[[4,"${'22'.repeat(16)}"]]}`,
      `{"record":"content","id":"${kept}","bytes":"kept"}`,
      `{"record":"end","rowCount":2,"contentCount":2,"from":"${kept}","to":"${gone}"}`,
    ]
    const items = await listOf(makeItems(each([Buffer.from(lines.join('\n'))]), { isEdited: true }))
    expect(items.map(({ kind }) => kind)).toEqual(['header', 'rows', 'content', 'end'])
    const none = new Uint8Array(0)
    expect(items[3]).toMatchObject({ end: { rowCount: 1, contentCount: 1, contentBytes: 4, from: none, to: none } })
  })
})

async function make(...lines: string[]): Promise<Item[]> {
  return listOf(makeItems(each([Buffer.from(lines.join('\n'))]), { isEdited: false }))
}

function rowOf(items: Item[]) {
  const rows = items[1]
  if (rows?.kind !== 'rows') throw new Error('no rows')
  return rowsOf(rows.batch)[0]!
}

async function* each<T>(values: Iterable<T>): AsyncIterable<T> {
  yield* values
}

function* cut(bytes: Uint8Array, step: number): Iterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += step) yield bytes.slice(at, at + step)
}

async function listOf<T>(source: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const value of source) list.push(value)
  return list
}

async function bytesOf(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await listOf(source))
}

async function textOf(source: AsyncIterable<string>): Promise<string> {
  return (await listOf(source)).join('')
}
