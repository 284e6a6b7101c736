/** show/bytes.ts: every byte of a stream with its meaning. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FormatError } from '../../../src/base/errors.ts'
import { makeItems } from '../../../src/flow/convert/make.ts'
import { showBytes } from '../../../src/flow/show/bytes.ts'
import { encodeItems } from '../../../src/flow/stream/writer.ts'
import { hashBytes } from '../../../src/host/native/blake3.ts'
import { arbitraryItems } from '../../support/arbitrary-items.ts'

const id = Buffer.from(hashBytes(Buffer.from('hi'))).toString('hex')
const stream = [
  '{"record":"header","kind":"changeset","tool":"t","rootId":{"dev":"8:1","ino":2}}',
  `{"record":"row","path":"a","after":{"kind":"file","size":2,"content":"${id}","uid":7,"user":"me","hint":{"ino":9}}}`,
  '{"record":"row","path":"b\\n","before":{"kind":"symlink","target":"x"}}',
  '{"record":"row","path":"d/e","after":{"kind":"fifo","mtime":"-0.5"}}',
  `{"record":"content","id":"${id}","bytes":"hi"}`,
  '{"record":"end"}',
].join('\n')

describe('showBytes', () => {
  test.each([
    ['the magic', '         8  46 53 43 53                            FSCS'],
    ['the version', '        12  01                                     version 1'],
    ['the stream kind', '        13  02                                     stream kind changeset'],
    ['a head', '        24  48                                     head'],
    ['its frame type', '        25  01                                     frame type header'],
    ['a record', '        +0  92 a6 68 65 61 64 65 72                record header'],
    ['a text', '       +14  a1 74                                  tool = "t"'],
    ['a number', '       +29  08                                     rootDevMajor = 8'],
    ['an integer of 8 bytes', '       +52  c4 08 02 00 00 00 00 00 00 00          rootIno: 8 bytes = 2'],
  ])('%s', async (_, line) => expect(await linesOf(stream)).toContain(line))

  test.each([
    ['names', 'nameBytes: 4 bytes, "ab\\ne"'],
    ['planes', 'nameLengths: 3 bytes, 1 plane: 1 2 1'],
    ['a column with an absent row', 'after.kind: 3 bytes, u8 plain in 1 plane: file - fifo'],
    ['modes', 'after.mode: 6 bytes, u16 plain in 2 planes: 0644 - 0644'],
    ['times that were coded', 'after.mtimeSec: 3 bytes, i64 delta in 1 plane: 0 - -1'],
    ['ids', `after.content: 96 bytes, ids: ${id.slice(0, 8)} - 00000000`],
    ['a byte-string column', 'before.targetBytes: 1 byte, "x"'],
    ['a map', 'before: 4 fields'],
    ['hints', 'after.ino: 3 bytes, u64 delta in 1 plane: 9 - 0'],
    ['owners', 'userNamesBytes: 2 bytes, "me"'],
    ['a content', 'bytes: 2 bytes, "hi"'],
    ['the end', 'rowCount: 8 bytes = 3'],
    ['the index', 'head at 16: header'],
  ])('what is meant by %s', async (_, meaning) => {
    expect((await linesOf(stream)).map((line) => line.slice(51))).toContain(meaning)
  })

  test('any stream: lines are safe, and offsets run through to the last byte', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryItems(), async (items) => {
        const bytes = Buffer.concat(await listOf(encodeItems(each(items))))
        const lines = (await listOf(showBytes(each([bytes])))).join('').trimEnd().split('\n')
        for (const line of lines) expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
        const offsets = lines.map((line) => /^ *(\d+) /.exec(line)?.[1]).filter((offset) => offset !== undefined)
        expect(offsets.map(Number)).toEqual(offsets.map(Number).sort((a, b) => a - b))
        expect(Number(offsets.at(-1))).toBe(bytes.length - 4)
      }),
      { numRuns: 50 },
    )
  })

  test('a stream that was cut off is shown as far as it goes', async () => {
    const bytes = Buffer.concat(await listOf(encodeItems(makeItems(each([Buffer.from(stream)]), { isEdited: false }))))
    const whole = (await listOf(showBytes(each([bytes])))).join('')
    for (let length = 0; length < bytes.length; length += 7) {
      const shown: string[] = []
      const read = async (): Promise<void> => {
        for await (const text of showBytes(each([bytes.subarray(0, length)]))) shown.push(text)
      }
      const error = await read().catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(FormatError)
      expect(error).toMatchObject({ code: 'truncated' })
      expect(whole.startsWith(shown.join(''))).toBe(true)
    }
  })
})

async function linesOf(json: string): Promise<string[]> {
  const items = makeItems(each([Buffer.from(json)]), { isEdited: false })
  return (await listOf(showBytes(encodeItems(items)))).join('').split('\n')
}

async function* each<T>(values: Iterable<T>): AsyncIterable<T> {
  yield* values
}

async function listOf<T>(source: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const value of source) list.push(value)
  return list
}
