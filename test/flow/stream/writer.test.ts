/** How contents are collected in frames. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { FrameType, Limits } from '../../../src/base/constants.ts'
import { readItems } from '../../../src/flow/stream/reader.ts'
import { encodeItems } from '../../../src/flow/stream/writer.ts'
import { recordWithData } from '../../support/apply-tree.ts'
import { framesOf } from '../../support/frames.ts'
import { collect, each, inShort } from '../../support/packing.ts'
import { makePrng } from '../../support/prng.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

const tempDir = useTempDirs()
const random = makePrng(31)

it.each([
  [9, Limits.contentGroupBytes],
  [10, Limits.contentGroupLargeBytes],
])('level %i: frames of %i bytes and at most a piece more', async (level, bytes) => {
  const source = tempDir()
  mkdirSync(`${source}/d`)
  for (let n = 0; n < 18; n++) writeFileSync(`${source}/d/${n}`, random.bytes(1_000_000))
  const items = (await collect(recordWithData(source))).map((item) =>
    item.kind === 'header' ? { ...item, header: { ...item.header, level } } : item,
  )
  const stream: Uint8Array[] = []
  for await (const part of encodeItems(each(items))) stream.push(part)
  const frames = framesOf(Buffer.concat(stream)).filter(({ head }) => head.type === FrameType.content)
  for (const { head } of frames.slice(0, -1)) {
    expect(head.rawBytes).toBeGreaterThanOrEqual(bytes)
    expect(head.rawBytes).toBeLessThan(bytes + Limits.pieceBytesMax + 1000)
  }
  expect(frames.length).toBe(Math.ceil(18_000_000 / Math.ceil(bytes / 1_000_000) / 1_000_000))
  expect(inShort(await collect(readItems(each(stream))))).toEqual(inShort(items))
})
