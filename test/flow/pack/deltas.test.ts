/** Files sent as recipes: what of them is in the stream, that the result is right, that a basis that lies is caught. */
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { pathKey } from '../../../src/model/path.ts'
import { applyItems } from '../../support/apply-tree.ts'
import { changeTo, expectApplied, type Files, itemsIn, write } from '../../support/change-to.ts'
import { makePrng } from '../../support/prng.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

const tempDir = useTempDirs()
const random = makePrng(17)

/** Bytes that do not compress: what is sent of them is seen in the length of the stream. */
const noise = (length: number): Buffer => Buffer.from(random.bytes(length))

const MB = 1 << 20
const big = noise(6 * MB)
const edits = {
  insert: Buffer.concat([big.subarray(0, 2_000_001), noise(77), big.subarray(2_000_001)]),
  overwrite: Buffer.concat([big.subarray(0, 3 * MB), noise(100), big.subarray(3 * MB + 100)]),
  cut: Buffer.concat([big.subarray(0, MB), big.subarray(MB + 12_345)]),
  'moved megabyte': Buffer.concat([
    big.subarray(0, MB),
    big.subarray(2 * MB, 5 * MB),
    big.subarray(MB, 2 * MB),
    big.subarray(5 * MB),
  ]),
}

describe('a file of 6 MB that does not compress', () => {
  it.each(Object.entries(edits))('%s: less than 12 kB are sent', async (_, bytes) => {
    const change = await changeTo(tempDir(), { big }, (tree) => writeFileSync(`${tree}/big`, bytes))
    expect(change.bytes.length).toBeLessThan(12_000)
    await expectApplied(change)
  })

  it('with 2 MB of literals, which come in pieces', async () => {
    const bytes = Buffer.concat([big.subarray(0, 3 * MB), noise(2 * MB), big.subarray(3 * MB)])
    const change = await changeTo(tempDir(), { big }, (tree) => writeFileSync(`${tree}/big`, bytes))
    expect(change.bytes.length).toBeLessThan(2 * MB + 12_000)
    await expectApplied(change)
  })

  it('that comes under another name while the old one goes, its literals squeezed by the old bytes', async () => {
    const bytes = noise(40_000)
    const edited = Buffer.concat([bytes.subarray(0, 20_000), Buffer.from('!'), bytes.subarray(20_000)])
    const edit = (tree: string) => {
      rmSync(`${tree}/old`)
      write(tree, { 'new/name': edited })
    }
    const change = await changeTo(tempDir(), { old: bytes }, edit, true)
    const squeezed = (await itemsIn(change.bytes)).filter(
      (item) => item.kind === 'recipe' && item.recipe.squeezes.length > 0,
    )
    expect(squeezed.length).toBe(1)
    await expectApplied(change)
  })

  it('split into two, and joined again', async () => {
    const [one, two] = [big.subarray(0, 2_500_000), big.subarray(2_500_000)]
    const split = await changeTo(tempDir(), { big }, (tree) => {
      rmSync(`${tree}/big`)
      write(tree, { one, 'sub/two': two })
    })
    expect(split.bytes.length).toBeLessThan(14_000)
    await expectApplied(split)
    const joined = await changeTo(tempDir(), { one, 'sub/two': two }, (tree) => {
      write(tree, { 'a/big': big })
      rmSync(`${tree}/sub`, { recursive: true })
    })
    expect(joined.bytes.length).toBeLessThan(14_000)
    await expectApplied(joined)
  })
})

describe('small files', () => {
  const small = noise(20_000)
  const edited = Buffer.concat([small.subarray(0, 9000), Buffer.from('edited'), small.subarray(9000)])

  it('moved and edited: found though the name says nothing', async () => {
    const change = await changeTo(tempDir(), { 'a/x': small, 'a/y': noise(3000) }, (tree) => {
      mkdirSync(`${tree}/b`)
      renameSync(`${tree}/a/x`, `${tree}/b/z`)
      writeFileSync(`${tree}/b/z`, edited)
    })
    expect(change.bytes.length).toBeLessThan(6000)
    await expectApplied(change)
  })

  it('copied: nothing of them is sent, and nothing of a copy of a copy', async () => {
    const change = await changeTo(tempDir(), { x: small }, (tree) =>
      write(tree, { 'c/one': small, 'c/two': small, y: small }),
    )
    expect((await itemsIn(change.bytes)).some(({ kind }) => kind === 'content')).toBe(false)
    await expectApplied(change)
  })

  it('swapped: each is built from what the other was', async () => {
    const other = noise(30_000)
    const change = await changeTo(tempDir(), { x: small, y: other }, (tree) => {
      writeFileSync(`${tree}/x`, Buffer.concat([other, Buffer.from('!')]))
      writeFileSync(`${tree}/y`, edited)
    })
    expect(change.bytes.length).toBeLessThan(6500)
    await expectApplied(change)
  })

  it('share what is new in them: it is sent once, whatever the files are built of', async () => {
    const shared = noise(10_000)
    const change = await changeTo(tempDir(), { x: small, y: noise(9000) }, (tree) => {
      writeFileSync(`${tree}/x`, Buffer.concat([small, shared]))
      writeFileSync(`${tree}/y`, shared)
      writeFileSync(
        `${tree}/z`,
        Buffer.concat([shared.subarray(0, 5000), small.subarray(0, 8000), shared.subarray(5000)]),
      )
    })
    expect(change.bytes.length).toBeLessThan(10_000 + 8000)
    await expectApplied(change)
  })

  it('many with a small change each share frames', async () => {
    const files: Files = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`f${i}`, noise(5000)]))
    const change = await changeTo(tempDir(), files, (tree) => {
      for (const [path, bytes] of Object.entries(files))
        writeFileSync(`${tree}/${path}`, Buffer.concat([bytes, bytes.subarray(0, 5)]))
    })
    const items = await itemsIn(change.bytes)
    expect(items.filter(({ kind }) => kind === 'recipe').length).toBe(100)
    expect(change.bytes.length).toBeLessThan(150_000)
    await expectApplied(change)
  })

  it('are sent where nothing of them is known', async () => {
    const change = await changeTo(tempDir(), { x: small }, (tree) => writeFileSync(`${tree}/x`, noise(20_000)))
    expect((await itemsIn(change.bytes)).some(({ kind }) => kind === 'recipe')).toBe(false)
    await expectApplied(change)
  })
})

describe('with the old tree at hand', () => {
  it('edits cost little more than their bytes, below the length of a chunk', async () => {
    const bytes = noise(300_000)
    const edited = Buffer.from(bytes)
    for (let i = 1; i < 30; i++) edited[i * 10_000]! ^= 1
    const edit = (tree: string) => writeFileSync(`${tree}/x`, edited)
    const coarse = await changeTo(tempDir(), { x: bytes }, edit)
    expect(coarse.bytes.length).toBeGreaterThan(29 * 256)
    const fine = await changeTo(tempDir(), { x: bytes }, edit, true)
    expect(fine.bytes.length).toBeLessThan(3000)
    await expectApplied(fine)
  })

  it('small files without chunk lists are compared too', async () => {
    const bytes = noise(1500)
    const change = await changeTo(
      tempDir(),
      { x: bytes },
      (tree) => writeFileSync(`${tree}/x`, Buffer.concat([noise(20), bytes])),
      true,
    )
    expect(change.bytes.length).toBeLessThan(2600)
    await expectApplied(change)
  })
})

describe('literals that are squeezed', () => {
  /** A program made again: all of it is a little different, so that no chunk is known. */
  const program = noise(3 * MB)
  const rebuilt = Buffer.from(program)
  for (let at = 100; at < rebuilt.length; at += 100) rebuilt[at]! ^= 0x55
  const rebuild = (tree: string) => writeFileSync(`${tree}/x`, rebuilt)

  it('take their old bytes for a dictionary, in several parts, with no chunk in common', async () => {
    const change = await changeTo(tempDir(), { x: program }, rebuild, true)
    const recipes = (await itemsIn(change.bytes)).flatMap((item) => (item.kind === 'recipe' ? [item.recipe] : []))
    expect(recipes.map(({ squeezes }) => squeezes.length)).toEqual([2])
    expect(recipes[0]!.ranges).toEqual([{ from: 'literal', length: program.length }])
    expect(change.bytes.length).toBeLessThan(program.length / 10)
    await expectApplied(change)
  })

  it('of a file that has other bytes under the same size and time are a conflict: the target stays as it is', async () => {
    const { target, bytes } = await changeTo(tempDir(), { x: program }, rebuild, true)
    const { atime, mtime } = statSync(`${target}/x`)
    const lie = Buffer.concat([program.subarray(0, MB), noise(5000), program.subarray(MB + 5000)])
    writeFileSync(`${target}/x`, lie)
    utimesSync(`${target}/x`, atime, mtime)
    expect((await applyItems(await itemsIn(bytes), target)).outcome).toBe('conflicts')
    expect(readFileSync(`${target}/x`).equals(lie)).toBe(true)
  })
})

describe('an old tree at hand that is another', () => {
  it('is not used', async () => {
    const bytes = noise(40_000)
    const lie = Buffer.from(bytes)
    lie[20_000]! ^= 1
    const edited = Buffer.concat([bytes.subarray(0, 10_000), noise(9), bytes.subarray(10_000)])
    const edit = (tree: string) => {
      writeFileSync(`${tree}/x`, edited)
      writeFileSync(`${tree}/../target/x`, lie)
    }
    const change = await changeTo(tempDir(), { x: bytes }, edit, true)
    const coarse = await changeTo(tempDir(), { x: bytes }, (tree) => writeFileSync(`${tree}/x`, edited))
    expect(Math.abs(coarse.bytes.length - change.bytes.length)).toBeLessThan(64)
  })
})

describe('a basis that lies', () => {
  const bytes = noise(50_000)
  const fresh = Buffer.concat([bytes, noise(100)])

  it.each([
    ['in the range that is copied', 100],
    ['only where nothing is copied from', 49_999],
  ])('same size and time, other bytes %s', async (_, at) => {
    const { target, bytes: stream } = await changeTo(tempDir(), { 'd/x': bytes, y: noise(100) }, (tree) => {
      rmSync(`${tree}/d`, { recursive: true })
      write(tree, { 'e/x': fresh, y: noise(101) })
    })
    const { atime, mtime } = statSync(`${target}/d/x`)
    const lie = Buffer.from(bytes)
    lie[at]! ^= 1
    writeFileSync(`${target}/d/x`, lie)
    utimesSync(`${target}/d/x`, atime, mtime)
    const y = readFileSync(`${target}/y`)
    const report = await applyItems(await itemsIn(stream), target)
    expect(report.outcome).toBe('conflicts')
    expect(report.findings.conflicts.map(({ path }) => pathKey(path)).length).toBeGreaterThan(0)
    expect(readFileSync(`${target}/d/x`)).toEqual(lie)
    expect(readFileSync(`${target}/y`)).toEqual(y)
  })
})
