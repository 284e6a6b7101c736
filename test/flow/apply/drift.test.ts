/**
 * Targets that drifted, under every policy: a changeset of random edits, moves and swaps goes onto a copy that others have changed
 * at random. Whatever comes of it, nothing that is only there is lost, a refusal changes nothing, and undo leads back exactly.
 */
import { createHash } from 'node:crypto'
import { lstatSync, mkdirSync, readFileSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { ApplyOptions } from '../../../src/flow/apply/apply-options.ts'
import { applyDirect } from '../../../src/flow/apply/direct.ts'
import { copyTree } from '../../support/apply-random.ts'
import { applyItems, applyOptions, keeper, replayItems } from '../../support/apply-tree.ts'
import { changeTo, itemsIn } from '../../support/change-to.ts'
import { compareTrees } from '../../support/compare-trees.ts'
import { joinBytes } from '../../support/deep-path.ts'
import { isTorture } from '../../support/every-call.ts'
import { listTree, mutateTree } from '../../support/mutate-tree.ts'
import { makePrng } from '../../support/prng.ts'
import { makeRandomTree } from '../../support/random-tree.ts'
import { makeQuickDir, useTempDirs } from '../../support/temp-dir.ts'

const tempDir = useTempDirs(makeQuickDir)
/** Each of these has once shown a fault; a list of others may be given. */
const faulty = [120, 373, 1003, 1009, 1055, 1096, 1148, 1189, 1210, 1308, 1344, 3171]
const given = process.env['SEEDS']?.split(',').map(Number)
const seeds = given ?? [...Array.from({ length: isTorture ? 100 : 10 }, (_, i) => i + 1), ...faulty]

const policies: Record<string, (dir: string) => Partial<ApplyOptions>> = {
  skip: () => ({ onConflict: 'skip' }),
  overwrite: () => ({ onConflict: 'overwrite' }),
  'overwrite --backup': (dir) => ({ onConflict: 'overwrite', backup: Buffer.from(`${dir}/backup`) }),
  'keep-both': () => ({ onConflict: 'keep-both' }),
  'skip --atomic': () => ({ onConflict: 'skip', atomic: { oldTree: null } }),
  'overwrite --atomic': () => ({ onConflict: 'overwrite', atomic: { oldTree: null } }),
  'keep-both --atomic': () => ({ onConflict: 'keep-both', atomic: { oldTree: null } }),
}

const inPlace: Record<string, Partial<ApplyOptions>> = {
  'fail --direct': { onConflict: 'fail' },
  'skip --direct': { onConflict: 'skip' },
  'overwrite --direct': { onConflict: 'overwrite' },
  'keep-both --direct': { onConflict: 'keep-both' },
}

const showName = (path: Uint8Array): string => Buffer.from(path).toString('latin1')

/** What the files of a tree hold, as digests, with a path of each. */
function contentsOf(root: string): Map<string, string> {
  const contents = new Map<string, string>()
  for (const path of listTree(root)) {
    const full = joinBytes(root, path)
    if (!lstatSync(full).isFile()) continue
    contents.set(createHash('md5').update(readFileSync(full)).digest('hex'), showName(path))
  }
  return contents
}

async function makeDrift(dir: string, seed: number) {
  // The test runner is told something in between.
  await setImmediate()
  const prng = makePrng(seed)
  const counts = [3, 20, 60]
  const odd = prng.oneIn(3)
  const change = await changeTo(
    dir,
    (tree) => makeRandomTree(tree, { seed, entryCount: prng.pick(counts), odd }),
    (tree) => mutateTree(tree, { seed: seed + 1000, changeCount: prng.pick([1, 5, 20, 60]), odd }),
    prng.oneIn(3),
  )
  copyTree(change.target, `${dir}/before`)
  mutateTree(change.target, { seed: seed + 2000, changeCount: prng.pick([1, 2, 5, 15, 40]), odd })
  copyTree(change.target, `${dir}/drifted`)
  mkdirSync(`${dir}/backup`)
  return change
}

/** Files that only the drifted target had, and nothing has any more. */
function lostIn(dir: string): string[] {
  const known = contentsOf(`${dir}/before`)
  const there = new Map([...contentsOf(`${dir}/target`), ...contentsOf(`${dir}/backup`)])
  return [...contentsOf(`${dir}/drifted`)].flatMap(([id, path]) => (known.has(id) || there.has(id) ? [] : [path]))
}

describe.each(Object.entries(policies))('%s', (_, policy) => {
  it.each(seeds)('seed %i', async (seed) => {
    const dir = tempDir()
    const { target, bytes } = await makeDrift(dir, seed)
    const { kept, take } = keeper()
    const options = { ...policy(dir), undo: take }
    const { outcome } = await applyItems(await itemsIn(bytes), target, options)
    if (outcome !== 'applied') {
      expect(compareTrees(`${dir}/drifted`, target)).toEqual([])
      return
    }
    expect(lostIn(dir)).toEqual([])
    const back = await applyItems(kept.items, target)
    expect(back.findings.conflicts.map(({ path, state }) => `${showName(path)}: ${state}`)).toEqual([])
    expect(compareTrees(`${dir}/drifted`, target)).toEqual([])
  })
})

describe.each(Object.entries(inPlace))('%s', (_, policy) => {
  it.each(seeds)('seed %i', async (seed) => {
    const dir = tempDir()
    const { target, bytes } = await makeDrift(dir, seed)
    const items = await itemsIn(bytes)
    const { kept, take } = keeper()
    const { outcome, isPartly } = await applyDirect(
      () => replayItems(items),
      applyOptions(target, { ...policy, undo: take }),
    )
    expect(isPartly).toBe(false)
    if (outcome !== 'applied') {
      expect(compareTrees(`${dir}/drifted`, target)).toEqual([])
      return
    }
    expect(lostIn(dir)).toEqual([])
    const back = await applyItems(kept.items, target)
    expect(back.findings.conflicts.map(({ path, state }) => `${showName(path)}: ${state}`)).toEqual([])
    expect(compareTrees(`${dir}/drifted`, target)).toEqual([])
  })
})
