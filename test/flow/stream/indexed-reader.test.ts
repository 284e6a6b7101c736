/** indexed-reader.ts: what the index leads to is what the stream says, and nothing that is damaged is read by it. */
import { describe, expect, test } from 'vitest'
import { FormatError } from '../../../src/base/errors.ts'
import { openIndexed } from '../../../src/flow/stream/indexed-reader.ts'
import { type FrameReader, readItems } from '../../../src/flow/stream/reader.ts'
import type { RandomFile } from '../../../src/host/stream/random-file.ts'
import type { Item } from '../../../src/model/item.ts'
import { inPieces, invalidVectors, listOf, validVectors } from '../../support/vectors.ts'

function fileOf(bytes: Uint8Array): RandomFile {
  const read = (into: Uint8Array, offset: number): number => {
    const part = bytes.subarray(offset, offset + into.length)
    into.set(part)
    return part.length
  }
  return { sizeBytes: bytes.length, read, close() {} }
}

async function itemsOf(reader: FrameReader): Promise<Item[]> {
  const items: Item[] = [{ kind: 'header', header: reader.header }]
  while ((await reader.peekHead()) !== null) items.push(...(await reader.read()))
  return [...items, { kind: 'end', end: reader.end }]
}

/** The items, or the code and the place of what is wrong. */
async function outcomeOf(read: () => Promise<Item[]>): Promise<Item[] | { code: string; offset: number }> {
  return read().catch((error: unknown) => {
    if (!(error instanceof FormatError)) throw error
    return { code: error.code, offset: error.offset }
  })
}

const inOrder = (bytes: Uint8Array) => outcomeOf(() => listOf(readItems(inPieces(bytes, 4096))))

test('gives the items of every valid stream, and their end where all is passed over', async () => {
  for (const { name, bytes } of validVectors) {
    const items = await listOf(readItems(inPieces(bytes, 4096)))
    expect(await itemsOf(openIndexed(fileOf(bytes))!), name).toEqual(items)
    const reader = openIndexed(fileOf(bytes))!
    while ((await reader.peekHead()) !== null) await reader.skip()
    expect({ kind: 'end', end: reader.end }, name).toEqual(items.at(-1))
  }
})

test('finds in an invalid stream what a reader from its beginning finds, or leaves it to that one', async () => {
  let foundCount = 0
  for (const { name, bytes } of invalidVectors) {
    const reader = openIndexed(fileOf(bytes))
    if (reader === null) continue
    const found = await outcomeOf(() => itemsOf(reader))
    const wanted = await inOrder(bytes)
    // Who reads by the index does not read the whole seek table, and finds first what does not agree with the index.
    if (Array.isArray(found)) expect(wanted, name).toMatchObject({ code: 'index-mismatch' })
    else if (found.code !== 'index-mismatch') expect(found, name).toEqual(wanted)
    foundCount++
  }
  expect(foundCount).toBeGreaterThan(50)
})

describe('a byte that changed', () => {
  test.each(['snapshot-one-file', 'content-pieces'])(
    'anywhere in %s gives an error or changes nothing',
    async (name) => {
      const { bytes } = validVectors.find((vector) => vector.name === `valid/${name}`)!
      const items = await inOrder(bytes)
      for (let at = 0; at < bytes.length; at++) {
        const damaged = Buffer.from(bytes)
        damaged[at]! ^= 1 << (at % 8)
        const reader = openIndexed(fileOf(damaged))
        if (reader === null) continue
        const found = await outcomeOf(() => itemsOf(reader))
        if (Array.isArray(found)) expect(found).toEqual(items)
        else expect(found.code).toMatch(/mismatch|bad-frame|unknown-record|misplaced-frame|too/)
      }
    },
  )
})

test('is not tried on what is cut short, empty, or goes on', () => {
  for (const { bytes } of validVectors.slice(0, 5)) {
    for (const length of [0, 1, 16, bytes.length >> 1, bytes.length - 1]) {
      expect(openIndexed(fileOf(bytes.subarray(0, length)))).toBeNull()
    }
    expect(openIndexed(fileOf(Buffer.concat([bytes, Buffer.alloc(1)])))).toBeNull()
  }
})
