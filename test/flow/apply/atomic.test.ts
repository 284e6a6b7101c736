/** The whole-tree switch: one exchange, old or new and nothing between. */
import { existsSync, linkSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RENAME_EXCHANGE } from '../../../src/host/native/errno.ts'
import { libc } from '../../../src/host/native/libc.ts'
import type { Item } from '../../../src/model/item.ts'
import { copyTree } from '../../support/apply-random.ts'
import { applyItems } from '../../support/apply-tree.ts'
import { compareTrees } from '../../support/compare-trees.ts'
import { makeFaultTrees } from '../../support/fault-tree.ts'
import { makeTempDir, removeTree } from '../../support/temp-dir.ts'

const atomic = { oldTree: null }

let dir = ''
let items: Item[] = []

beforeAll(async () => {
  dir = makeTempDir()
  items = await makeFaultTrees(dir)
})
afterAll(() => removeTree(dir))

/** A target in a folder of its own: what is beside it counts. */
function makeTarget(name: string): string {
  mkdirSync(`${dir}/${name}`)
  copyTree(`${dir}/before`, `${dir}/${name}/target`)
  return `${dir}/${name}/target`
}

/** Files have names in other trees: their modes must stay. */
const remove = (path: string): void => rmSync(path, { recursive: true })

const besides = (name: string): string[] => readdirSync(`${dir}/${name}`).filter((entry) => entry !== 'target')

/** Runs work; `act` is called before and after the call that exchanges the target's name. */
async function aroundSwitch(act: (when: 'before' | 'after') => void, work: () => Promise<unknown>): Promise<void> {
  const real = libc.renameat2
  libc.renameat2 = (...args) => {
    const isSwitch = args[0] === args[2] && args[4] === RENAME_EXCHANGE
    if (isSwitch) act('before')
    const result = real(...args)
    if (isSwitch) act('after')
    return result
  }
  try {
    await work()
  } finally {
    libc.renameat2 = real
  }
}

describe('a switch', () => {
  it('is one call: the old tree is whole before it, and the new one behind it', async () => {
    const target = makeTarget('once')
    const seen: string[][] = []
    await aroundSwitch(
      (when) => seen.push([when, ...compareTrees(when === 'before' ? `${dir}/before` : `${dir}/after`, target)]),
      () => applyItems(items, target, { atomic }),
    )
    // What did not change has a second name in the other tree for now; the root of the old one holds the stage.
    const differing = seen.map(([when, ...lines]) => [when, ...lines.filter((line) => !/nlink|\.fsapply-/.test(line))])
    expect(differing).toEqual([['before'], ['after']])
    expect(compareTrees(`${dir}/after`, target)).toEqual([])
    expect(besides('once')).toEqual([])
  })

  it('keeps the old tree where it was asked for, and it leads back', async () => {
    const target = makeTarget('kept')
    const inode = statSync(target).ino
    const oldTree = Buffer.from(`${dir}/kept/old`)
    const report = await applyItems(items, target, { atomic: { oldTree } })
    expect([report.outcome, report.oldTree]).toEqual(['applied', oldTree])
    expect(statSync(`${dir}/kept/old`).ino).toBe(inode)
    remove(target)
    renameSync(`${dir}/kept/old`, target)
    expect(compareTrees(`${dir}/before`, target)).toEqual([])
  })

  it.each([
    ['old-tree-taken', 'taken', () => ({ oldTree: Buffer.from(`${dir}/taken/target`) })],
    ['old-tree-elsewhere', 'elsewhere', () => ({ oldTree: Buffer.from('/proc/old') })],
  ])('is refused before anything is read: %s', async (code, name, made) => {
    const target = makeTarget(name)
    await expect(applyItems([], target, { atomic: made() })).rejects.toMatchObject({ code })
  })

  it('is refused where the target is not named by its name', async () => {
    const target = makeTarget('dot')
    await expect(applyItems([], `${target}/.`, { atomic })).rejects.toMatchObject({ code: 'not-by-name' })
  })

  it('does not remove an old tree that has what came after it was copied', async () => {
    const target = makeTarget('late')
    const late = (when: string): void => (when === 'before' ? writeFileSync(`${target}/late`, 'late') : undefined)
    let report: Awaited<ReturnType<typeof applyItems>> | null = null
    await aroundSwitch(late, async () => {
      report = await applyItems(items, target, { atomic })
    })
    const [kept] = besides('late')
    expect(report!).toMatchObject({ outcome: 'applied', oldTree: Buffer.from(kept!) })
    expect(existsSync(`${dir}/late/${kept}/late`)).toBe(true)
  })
})

it('hard links that lead out of the tree stay', async () => {
  const target = makeTarget('outside')
  linkSync(`${target}/a/same`, `${dir}/outside/name`)
  await applyItems(items, target, { atomic })
  expect(statSync(`${target}/a/same`).ino).toBe(statSync(`${dir}/outside/name`).ino)
})
