/**
 * Streams that are wrong end in a FormatError with a code and an offset within the stream, or are read after all; never
 * in another error, a hang, or more memory than the limits allow.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { formatRules } from '../../src/base/constants.ts'
import { FormatError } from '../../src/base/errors.ts'
import { readItems } from '../../src/flow/stream/reader.ts'
import { encodeItems } from '../../src/flow/stream/writer.ts'
import { encodeLines } from '../../src/format/ndjson/line.ts'
import type { Item } from '../../src/model/item.ts'
import { mutateStream } from '../support/fuzz-stream.ts'
import { makePrng } from '../support/prng.ts'
import { inPieces, listOf, validVectors } from '../support/vectors.ts'

/** More of them, and others: FUZZ_MUTANTS=100000 FUZZ_SEED=4000. */
const MUTANTS = Number(process.env['FUZZ_MUTANTS'] ?? 4000)
const FIRST_SEED = Number(process.env['FUZZ_SEED'] ?? 0)
const SMALL_BYTES = 10_000
setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void

/** Hashers live outside the heap: the collector does not know how large they are, and they go once the loop turns. */
async function collectGarbage(): Promise<void> {
  gc()
  await new Promise((resolve) => setImmediate(resolve))
}

/** More than a reader should need on top of what the test itself uses. */
const GROWTH_BYTES = 128 * 2 ** 20

test(`${MUTANTS} mutants of the valid vectors`, async () => {
  const streams = validVectors.map(({ bytes }) => bytes).filter(({ length }) => length <= SMALL_BYTES)
  const before = process.memoryUsage.rss()
  const codes = new Map<string, number>()
  for (let seed = FIRST_SEED; seed < FIRST_SEED + MUTANTS; seed++) {
    const prng = makePrng(seed)
    const { bytes, what } = mutateStream(prng.pick(streams), prng)
    const code = await outcomeOf(bytes, 1 + prng.below(2 * bytes.length), `seed ${seed}: ${what}`)
    codes.set(code, (codes.get(code) ?? 0) + 1)
    if (seed % 500 === 0) await collectGarbage()
  }
  expect(process.memoryUsage.rss() - before).toBeLessThan(GROWTH_BYTES)
  // Deep enough: most rules are reached, and so are streams that are read although they were changed.
  if (MUTANTS > 4000) console.log(codes)
  expect(codes.get('read')).toBeGreaterThan(MUTANTS / 100)
  expect(codes.size).toBeGreaterThan(Object.keys(formatRules).length / 2)
}, 3_600_000)

/** The lines of items, but for the tree id: it covers fields that a reader passes over. */
function linesOf(items: Item[]): string {
  return items
    .map(encodeLines)
    .join('')
    .replace(/,"to":"\w+"\}$/m, '}')
}

/** `read`, or the code of the FormatError. What is read can be shown, written and read again. */
async function outcomeOf(bytes: Buffer, pieceBytes: number, what: string): Promise<string> {
  try {
    const items = await listOf(readItems(inPieces(bytes, pieceBytes)))
    const lines = linesOf(items)
    const again = Buffer.concat(await listOf(encodeItems(readItems(inPieces(bytes, bytes.length)))))
    expect(linesOf(await listOf(readItems(inPieces(again, again.length)))), what).toBe(lines)
    return 'read'
  } catch (error) {
    if (!(error instanceof FormatError)) throw new Error(what, { cause: error })
    expect(formatRules, what).toHaveProperty(error.code)
    expect(error.offset, what).toBeGreaterThanOrEqual(0)
    expect(error.offset, what).toBeLessThanOrEqual(bytes.length)
    return error.code
  }
}
