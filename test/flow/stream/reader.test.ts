/** reader.ts and byte-queue.ts: any pieces, streams cut short, frames passed over, memory. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FrameType, Limits } from '../../../src/base/constants.ts'
import { FormatError } from '../../../src/base/errors.ts'
import { ByteQueue } from '../../../src/flow/stream/byte-queue.ts'
import { openReader, readItems } from '../../../src/flow/stream/reader.ts'
import { encodeItems } from '../../../src/flow/stream/writer.ts'
import { encodeHead, type Head } from '../../../src/format/frame.ts'
import { compress } from '../../../src/host/native/zstd.ts'
import type { Item } from '../../../src/model/item.ts'
import { arbitraryItems } from '../../support/arbitrary-items.ts'
import { framesOf } from '../../support/frames.ts'
import { inPieces, listOf, validVectors } from '../../support/vectors.ts'

const vector = (name: string): Buffer => validVectors.find((each) => each.name === `valid/${name}`)!.bytes
const MIB = 2 ** 20

async function* each<T>(list: Iterable<T>): AsyncIterable<T> {
  yield* list
}

describe('decode(encode(x))', () => {
  test('encodes to the same bytes, in whatever pieces they came', async () => {
    await fc.assert(
      fc.asyncProperty(
        arbitraryItems(),
        fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1 }),
        async (items, sizes) => {
          const stream = Buffer.concat(await listOf(encodeItems(each(items))))
          const again = Buffer.concat(await listOf(encodeItems(readItems(each(pieces(stream, sizes))))))
          expect(again.equals(stream)).toBe(true)
        },
      ),
      { numRuns: 60 },
    )
  })
})

function* pieces(bytes: Buffer, sizes: number[]): Iterable<Buffer> {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length]!
    yield bytes.subarray(at, at + size)
    at += size
  }
}

describe('a stream cut short', () => {
  for (const name of ['snapshot-one-file', 'content-pieces']) {
    test(`anywhere in ${name} is truncated, at the frame that is cut`, async () => {
      const stream = vector(name)
      for (let length = 0; length < stream.length; length++) {
        const error = await listOf(readItems(each([stream.subarray(0, length)]))).catch((thrown: unknown) => thrown)
        expect(error).toBeInstanceOf(FormatError)
        expect(error).toMatchObject({ code: 'truncated' })
        expect((error as FormatError).offset).toBeLessThanOrEqual(length)
      }
    })
  }

  test('lets go of its source', async () => {
    let isClosed = false
    async function* source(): AsyncIterable<Uint8Array> {
      try {
        yield Buffer.from('no stream at all, and longer than sixteen bytes')
        yield Buffer.alloc(10)
      } finally {
        isClosed = true
      }
    }
    await expect(listOf(readItems(source()))).rejects.toMatchObject({ code: 'not-a-changeset' })
    expect(isClosed).toBe(true)
  })
})

describe('frames that are passed over', () => {
  test('are counted and hashed: the end is the same', async () => {
    for (const { bytes } of validVectors) {
      const reader = await openReader(inPieces(bytes, 4096))
      while ((await reader.peekHead()) !== null) await reader.skip()
      const end = (await listOf(readItems(inPieces(bytes, 4096)))).at(-1) as Extract<Item, { kind: 'end' }>
      expect(reader.end).toEqual(end.end)
    }
  })

  for (const skipped of [FrameType.rows, FrameType.content, FrameType.recipe]) {
    test(`and others of the stream are read (type ${skipped} is not)`, async () => {
      for (const name of ['equal-contents', 'content-pieces', 'recipe', 'changeset-operations']) {
        const reader = await openReader(inPieces(vector(name), 100))
        for (let head = await reader.peekHead(); head !== null; head = await reader.peekHead()) {
          if (head.type === skipped) await reader.skip()
          else await reader.read()
        }
        expect(reader.end.rowCount).toBeGreaterThan(0)
      }
    })
  }
})

describe('memory', () => {
  const head = (changes: Partial<Head>): Buffer => {
    const base = {
      type: FrameType.optional,
      compressedBytes: 1,
      rawBytes: 1,
      rowCount: 0,
      firstPath: new Uint8Array(0),
    }
    return Buffer.from(encodeHead({ ...base, digest: new Uint8Array(32), hintsDigest: new Uint8Array(16), ...changes }))
  }
  const stream = vector('no-rows')
  const start = stream.subarray(0, framesOf(stream)[1]!.offset)

  test('is not taken for bytes that are announced and do not come', async () => {
    const lie = head({ compressedBytes: Limits.compressedBytesMax, rawBytes: Limits.frameBytesMax })
    const before = process.memoryUsage().arrayBuffers
    let most = 0
    async function* source(): AsyncIterable<Uint8Array> {
      yield Buffer.concat([start, lie])
      for (let i = 0; i < 1000; i++) {
        most = Math.max(most, process.memoryUsage().arrayBuffers - before)
        yield Buffer.alloc(10)
      }
    }
    await expect(listOf(readItems(source()))).rejects.toMatchObject({ code: 'truncated' })
    expect(most).toBeLessThan(MIB)
  })

  test('is not taken for a frame that decompresses to less than its head says', async () => {
    const data = compress(Buffer.from('92a3782e6180', 'hex'), 3)
    const lie = head({ compressedBytes: data.length, rawBytes: Limits.frameBytesMax })
    const before = process.memoryUsage().arrayBuffers
    await expect(listOf(readItems(each([Buffer.concat([start, lie, data])])))).rejects.toMatchObject({
      code: 'bad-zstd',
    })
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(MIB)
  })

  test('does not grow with the number of frames', async () => {
    const data = Buffer.from(compress(Buffer.from('92a3782e6180', 'hex'), 3))
    const frame = Buffer.concat([head({ compressedBytes: data.length, rawBytes: 6 }), data])
    const many = Buffer.concat(Array.from({ length: 500 }, () => frame))
    let first = 0
    async function* source(): AsyncIterable<Uint8Array> {
      yield start
      for (let i = 0; i < 200; i++) {
        if (i === 50) first = process.memoryUsage.rss()
        yield many
        // The collector frees native memory between turns of the loop.
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
    let count = -1
    const error = await (async () => {
      for await (const _ of readItems(source())) count++
    })().catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'truncated' })
    expect(count).toBe(100_000)
    expect(process.memoryUsage.rss() - first).toBeLessThan(48 * MIB)
  })

  test('has room for the largest frame there may be, of which nothing is a record', async () => {
    const raw = Buffer.alloc(Limits.frameBytesMax, 0x90)
    const data = Buffer.from(compress(raw, 1))
    const lie = head({ compressedBytes: data.length, rawBytes: raw.length })
    const before = process.memoryUsage.rss()
    await expect(listOf(readItems(each([Buffer.concat([start, lie, data])])))).rejects.toMatchObject({
      code: 'bad-record',
    })
    expect(process.memoryUsage.rss() - before).toBeLessThan(64 * MIB)
  })
})

describe('ByteQueue', () => {
  test('gives the bytes of its source in the sizes that are asked for', async () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 30 })
    await fc.assert(
      fc.asyncProperty(sizes, sizes, fc.uint8Array({ maxLength: 300 }), async (given, asked, bytes) => {
        const queue = new ByteQueue(each(pieces(Buffer.from(bytes), [...given.filter((size) => size > 0), 7])))
        let at = 0
        for (const count of asked) {
          const part = Buffer.from(await queue.take(count))
          expect(part.equals(bytes.subarray(at, at + count))).toBe(true)
          at += part.length
        }
      }),
    )
  })
})
