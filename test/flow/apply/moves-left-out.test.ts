/** A move that a policy leaves out: what was to come to the new place and cannot is not taken away from the old one. */
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { applyItems } from '../../support/apply-tree.ts'
import { changeTo, itemsIn } from '../../support/change-to.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

const tempDir = useTempDirs()

const before = {
  'd/edited': Buffer.from('as it was'),
  'd/gone': Buffer.from('goes'),
  'd/kept': Buffer.from('stays'),
  'd/sub/edited': Buffer.from('as it was below'),
}

/** A directory moves, and files in it are edited on the way: rows that delete them there and add them here. */
function edit(tree: string): void {
  renameSync(`${tree}/d`, `${tree}/e`)
  for (const path of ['edited', 'sub/edited']) writeFileSync(`${tree}/e/${path}`, 'as it is now')
  rmSync(`${tree}/e/gone`)
}

/** What is in the way of the directory. */
const drifts: Record<string, (target: string) => void> = {
  'a file': (target) => writeFileSync(`${target}/e`, 'mine'),
  'a directory': (target) => mkdirSync(`${target}/e`),
  'a directory with such a file': (target) => {
    mkdirSync(`${target}/e/sub`, { recursive: true })
    for (const path of ['edited', 'sub/edited']) writeFileSync(`${target}/e/${path}`, 'mine')
  },
}

describe.each(['skip', 'overwrite', 'keep-both'] as const)('%s', (onConflict) => {
  it.each(Object.entries(drifts))('beside %s every file is at one of its places', async (_, drift) => {
    const { target, bytes } = await changeTo(tempDir(), before, edit)
    drift(target)
    const { outcome } = await applyItems(await itemsIn(bytes), target, { onConflict })
    expect(outcome).toBe('applied')
    for (const [path, old] of [
      ['kept', 'stays'],
      ['edited', 'as it was'],
      ['sub/edited', 'as it was below'],
    ] as const) {
      const texts = [`d/${path}`, `e/${path}`, `e/${path}.kept`].flatMap((place) => textAt(`${target}/${place}`))
      expect(texts, path).toEqual(expect.arrayContaining([expect.stringMatching(`^${old}$|^as it is now$`)]))
    }
    // What was deleted goes all the same.
    expect(existsSync(`${target}/d/gone`)).toBe(false)
  })
})

describe('a file that moves by its name and was edited at the target', () => {
  const small = { old: Buffer.from('the bytes before'), other: Buffer.from('x') }
  const rename = (tree: string) => {
    renameSync(`${tree}/old`, `${tree}/new`)
    writeFileSync(`${tree}/other`, 'y')
  }

  it.each(['skip', 'keep-both'] as const)('%s leaves out the move, and does the rest', async (onConflict) => {
    const { target, bytes } = await changeTo(tempDir(), small, rename)
    writeFileSync(`${target}/old`, 'mine')
    const { outcome, findings, counts } = await applyItems(await itemsIn(bytes), target, { onConflict })
    expect(outcome).toBe('applied')
    expect(findings.conflicts.map(({ path }) => String(Buffer.from(path)))).toEqual(['old'])
    expect(counts.skipped).toBe(1)
    expect(['old', 'new', 'other'].flatMap((path) => textAt(`${target}/${path}`))).toEqual(['mine', 'y'])
  })

  it.each(['fail', 'overwrite'] as const)('%s changes nothing', async (onConflict) => {
    const { target, bytes } = await changeTo(tempDir(), small, rename)
    writeFileSync(`${target}/old`, 'mine')
    const { outcome } = await applyItems(await itemsIn(bytes), target, { onConflict })
    expect(outcome).toBe(onConflict === 'fail' ? 'conflicts' : 'missing-contents')
    expect(['old', 'new', 'other'].flatMap((path) => textAt(`${target}/${path}`))).toEqual(['mine', 'x'])
  })
})

describe('overwrite', () => {
  it('keeps what is deleted where its directory has gone', async () => {
    const move = (tree: string): void => {
      renameSync(`${tree}/d`, `${tree}/e`)
      rmSync(`${tree}/e/gone`)
      writeFileSync(`${tree}/d`, 'a file where the directory was')
    }
    const { target, bytes } = await changeTo(tempDir(), before, move)
    writeFileSync(`${target}/d/gone`, 'mine')
    const { outcome } = await applyItems(await itemsIn(bytes), target, { onConflict: 'overwrite' })
    expect(outcome).toBe('applied')
    expect(['d', 'e/kept', 'e/gone', 'e/gone.kept'].flatMap((path) => textAt(`${target}/${path}`))).toEqual([
      'a file where the directory was',
      'stays',
      'mine',
    ])
  })

  it('keeps both of two files that change places', async () => {
    const swap = (tree: string): void => {
      renameSync(`${tree}/a`, `${tree}/c`)
      renameSync(`${tree}/b`, `${tree}/a`)
      renameSync(`${tree}/c`, `${tree}/b`)
    }
    const files = { a: Buffer.from('one'), b: Buffer.from('the other') }
    const { target, bytes } = await changeTo(tempDir(), files, swap)
    for (const path of ['a', 'b']) chmodSync(`${target}/${path}`, 0o600)
    const { outcome } = await applyItems(await itemsIn(bytes), target, { onConflict: 'overwrite' })
    expect(outcome).toBe('applied')
    const places = ['a', 'b', 'a.kept', 'b.kept']
    expect(places.flatMap((path) => textAt(`${target}/${path}`))).toEqual(['the other', 'one', 'one', 'the other'])
    expect(places.map((path) => statSync(`${target}/${path}`).mode & 0o777)).toEqual([0o644, 0o644, 0o600, 0o600])
  })
})

function textAt(path: string): string[] {
  try {
    return statSync(path).isFile() ? [readFileSync(path, 'utf8')] : []
  } catch {
    return []
  }
}
