/**
 * Touches that are not what their writer made (spec §7.8): cut short, changed in the stream, or changed and put together again. Each
 * is refused with a code, and nothing of the target has changed.
 */
import { setImmediate } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FrameType, formatRules } from '../../src/base/constants.ts'
import { FormatError } from '../../src/base/errors.ts'
import { encodeItems } from '../../src/flow/stream/writer.ts'
import type { Item } from '../../src/model/item.ts'
import type { Touch } from '../../src/model/touch.ts'
import { applyItems, replayItems } from '../support/apply-tree.ts'
import { fingerprint, itemsOfBytes } from '../support/attack.ts'
import { framesOf } from '../support/frames.ts'
import { mutateStream } from '../support/fuzz-stream.ts'
import { makePrng } from '../support/prng.ts'
import { makeQuickDir, removeTree } from '../support/temp-dir.ts'
import { makeTouchFaultTrees, makeTouchTarget } from '../support/touch-fault-tree.ts'
import { listOf } from '../support/vectors.ts'

let dir = ''
let target = ''
let items: Item[] = []
let stream: Buffer
let asItWas: string[] = []

beforeAll(async () => {
  dir = makeQuickDir()
  target = `${dir}/target`
  items = await makeTouchFaultTrees(dir)
  stream = await encoded(items)
  makeTouchTarget(target)
  asItWas = fingerprints()
})
afterAll(() => removeTree(dir))

/** Of the target, but for what a stage does to its root, and of what lies beside it. */
const fingerprints = (): string[] =>
  [target, `${dir}/after`].flatMap((tree) => fingerprint(tree, { changeTimes: true }))

const encoded = async (list: Item[]): Promise<Buffer> => Buffer.concat(await listOf(encodeItems(replayItems(list))))

/** How an apply of the bytes ends: a code, and where in the stream. The target is as it was, or the ending says that it is not. */
async function endingOf(bytes: Uint8Array): Promise<{ code: string; offset: number | null }> {
  await setImmediate()
  try {
    const { outcome } = await applyItems(itemsOfBytes(bytes), target)
    return { code: outcome, offset: null }
  } catch (error) {
    const { code } = error as { code?: string }
    if (code === undefined) throw error
    return { code, offset: error instanceof FormatError ? error.offset : null }
  }
}

const touchFrame = () => framesOf(stream).find(({ head }) => head.type === FrameType.touch)!

describe('a stream', () => {
  it('that ends in its touch is truncated there', async () => {
    const { offset, data, head } = touchFrame()
    const end = offset + 76 + head.firstPath.length + data.length
    for (let length = offset; length < end; length += 7) {
      const ending = await endingOf(stream.subarray(0, length))
      expect(ending.code, `${length}`).toBe('truncated')
      expect(ending.offset, `${length}`).toBeGreaterThanOrEqual(offset)
      expect(ending.offset, `${length}`).toBeLessThanOrEqual(length)
    }
    expect(fingerprints()).toEqual(asItWas)
  })

  it('with a bit of its touch turned is refused there', async () => {
    const { offset, data, head } = touchFrame()
    const end = offset + 76 + head.firstPath.length + data.length
    for (let at = offset; at < end; at++) {
      const changed = Buffer.from(stream)
      changed[at]! ^= 1 << (at % 8)
      const ending = await endingOf(changed)
      expect(formatRules, `${at}`).toHaveProperty(ending.code)
      expect(ending.offset, `${at}`).toBe(offset)
    }
    expect(fingerprints()).toEqual(asItWas)
  })

  it('of which any part was changed and made to fit is refused, or told of', async () => {
    for (let seed = 0; seed < 150; seed++) {
      const { bytes, what } = mutateStream(stream, makePrng(seed))
      const { code, offset } = await endingOf(bytes)
      if (offset === null)
        expect(code, `${seed}: ${what}`).toMatch(/^(touched-differ|conflicts|missing-contents|applied)$/)
      else expect(formatRules, `${seed}: ${what}`).toHaveProperty(code)
      if (code !== 'applied') continue
      // What was changed meant nothing to a reader, or what the tree becomes.
      removeTree(target)
      makeTouchTarget(target)
      asItWas = fingerprints()
    }
    expect(fingerprints()).toEqual(asItWas)
  })
})

describe('a touch', () => {
  const changes: Record<string, (touch: Touch) => Partial<Touch>> = {
    'of a file more': ({ fileCount }) => ({ fileCount: fileCount + 1 }),
    'of a file less': ({ fileCount }) => ({ fileCount: fileCount - 1 }),
    'with another id': ({ digest }) => ({ digest: digest.map((byte) => byte ^ 1) }),
    'from another time': ({ pairs }) => ({
      pairs: pairs.map(({ before, after }) => ({ before: { ...before, nsec: before.nsec + 1 }, after })),
    }),
    'by times of which no file has one': ({ pairs }) => ({
      pairs: pairs.map(({ after }) => ({ before: { sec: 1, nsec: 0 }, after })),
    }),
  }

  it.each(Object.entries(changes))('%s is refused', async (_, change) => {
    const changed = items.map((item): Item => {
      return item.kind === 'touch' ? { kind: 'touch', touch: { ...item.touch, ...change(item.touch) } } : item
    })
    expect((await endingOf(await encoded(changed))).code).toBe('touched-differ')
    expect(fingerprints()).toEqual(asItWas)
  })

  it('from which a row was taken is refused', async () => {
    const without = items.filter(({ kind }) => kind !== 'rows' && kind !== 'content')
    expect((await endingOf(await encoded(without))).code).toBe('touched-differ')
    expect(fingerprints()).toEqual(asItWas)
  })
})
