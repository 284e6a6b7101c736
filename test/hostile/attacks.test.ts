/**
 * Attacks made by hand, one file each: a stream that wants to reach what is outside the target, or to hang or to burst the
 * process. Each ends as its file says, the target untouched unless it says otherwise, and what is outside always.
 */
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { FormatError, RefusedError } from '../../src/base/errors.ts'
import { stateWords } from '../../src/model/words.ts'
import { applyItems } from '../support/apply-tree.ts'
import { type Arena, type Attack, encode, fingerprint, itemsOfBytes, makeArena } from '../support/attack.ts'
import { withTempDir } from '../support/temp-dir.ts'

const folder = fileURLToPath(new URL('attacks', import.meta.url))
const names = readdirSync(folder).map((name) => name.replace(/\.ts$/, ''))

/** No attack may take longer, or more memory, than this. */
const DEADLINE_MS = 20_000
const MEMORY_BYTES = 256 << 20

it.each(names)('%s', { timeout: 3 * DEADLINE_MS }, async (name) => {
  const { attack } = (await import(`./attacks/${name}.ts`)) as { attack: Attack }
  await withTempDir((dir) => run(attack, makeArena(dir, attack.target ?? [])))
})

async function run(attack: Attack, arena: Arena): Promise<void> {
  const before = {
    outside: fingerprint(arena.outside, { changeTimes: true }),
    target: fingerprint(arena.target, { changeTimes: true }),
  }
  const source = await attack.stream(arena)
  const bytes = Array.isArray(source) ? await encode(source) : source
  const start = { ms: performance.now(), peak: peakBytes() }
  const ending = await endingOf(applyItems(itemsOfBytes(bytes), arena.target))
  expect(performance.now() - start.ms, 'time').toBeLessThan(DEADLINE_MS)
  expect(peakBytes() - start.peak, 'memory').toBeLessThan(MEMORY_BYTES)
  expect(ending).toMatchObject(attack.ends)
  expect(fingerprint(arena.outside, { changeTimes: true }), 'outside').toEqual(before.outside)
  const isApplied = 'outcome' in attack.ends && attack.ends.outcome === 'applied'
  if (!isApplied) expect(fingerprint(arena.target, { changeTimes: true }), 'target').toEqual(before.target)
}

/** What this process has taken at most. */
function peakBytes(): number {
  return process.resourceUsage().maxRSS * 1024
}

async function endingOf(applied: ReturnType<typeof applyItems>): Promise<object> {
  try {
    const { outcome, findings } = await applied
    return { outcome, states: findings.conflicts.map(({ state }) => stateWords[state]) }
  } catch (error) {
    if (error instanceof RefusedError) return { error: error.code }
    if (!(error instanceof FormatError)) throw error
    expect(error.offset).toBeGreaterThanOrEqual(0)
    return { error: error.code }
  }
}
