/** What the user lets a stream do: parts of it, other owners and modes, limits on deletes, nothing from strangers. */
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ApplyOptions } from '../../../src/flow/apply/apply-options.ts'
import { changeMode, parseModeRules } from '../../../src/flow/plan/mode-rules.ts'
import type { Item } from '../../../src/model/item.ts'
import { pathKey } from '../../../src/model/path.ts'
import { copyTree } from '../../support/apply-random.ts'
import { applyItems, changeset, collect, noRules, recordWithData } from '../../support/apply-tree.ts'
import { compareTrees } from '../../support/compare-trees.ts'
import { can, isRoot, makeEveryKind } from '../../support/every-kind.ts'
import { makeTempDir, removeTree, useTempDirs } from '../../support/temp-dir.ts'

const tempDir = useTempDirs()
let dir = ''
let items: Item[] = []

beforeAll(async () => {
  dir = makeTempDir()
  for (const name of ['before', 'after']) {
    mkdirSync(`${dir}/${name}/docs/old`, { recursive: true })
    for (const path of ['a', 'b', 'c', 'docs/x', 'docs/old/y', 'docs/old/z'])
      writeFileSync(`${dir}/${name}/${path}`, 'before')
  }
  copyTree(`${dir}/before`, `${dir}/copy`)
  rmSync(`${dir}/after`, { recursive: true })
  copyTree(`${dir}/before`, `${dir}/after`)
  for (const path of ['a', 'docs/old']) rmSync(`${dir}/after/${path}`, { recursive: true })
  for (const path of ['b', 'docs/x']) writeFileSync(`${dir}/after/${path}`, 'after')
  mkdirSync(`${dir}/after/docs/made`)
  writeFileSync(`${dir}/after/docs/made/new`, 'after', { mode: 0o755 })
  items = await changeset(`${dir}/before`, `${dir}/after`)
})
afterAll(() => removeTree(dir))

function target(): string {
  const path = `${tempDir()}/target`
  copyTree(`${dir}/before`, path)
  return path
}

async function refused(at: string, options: Partial<ApplyOptions>, stream = items): Promise<string[]> {
  const { outcome, findings } = await applyItems(stream, at, options)
  expect(outcome).toBe('problems')
  return findings.problems.map(({ path, detail }) => `${pathKey(path)}: ${detail}`)
}

describe('deletes', () => {
  it('are counted against a limit', async () => {
    const at = target()
    expect(await refused(at, { maxDelete: { count: 3 } })).toEqual([': 4 entries would be deleted, 3 may be'])
    expect(await refused(at, { maxDelete: { percent: 49 } })).toEqual([': 4 entries would be deleted, 3 may be'])
    expect(compareTrees(`${dir}/before`, at)).toEqual([])
    expect((await applyItems(items, at, { maxDelete: { percent: 50 } })).outcome).toBe('applied')
  })

  it('are left out', async () => {
    const at = target()
    const { outcome, counts } = await applyItems(items, at, { rules: { ...noRules, neverDelete: true } })
    expect(outcome).toBe('applied')
    expect(counts).toMatchObject({ deleted: 0, skipped: 4 })
    expect(readdirSync(`${at}/docs`).sort()).toEqual(['made', 'old', 'x'])
  })

  it('come last', async () => {
    const at = target()
    expect((await applyItems(items, at, { deleteAfter: true })).outcome).toBe('applied')
    expect(compareTrees(`${dir}/after`, at)).toEqual([])
  })
})

describe('a part', () => {
  const cases: readonly [pattern: string, changed: string[]][] = [
    ['/docs/x', ['docs/x']],
    ['b', ['b']],
    ['/docs/', ['docs', 'docs/made', 'docs/old', 'docs/x']],
    ['/docs/made/new', ['docs/made']],
    ['x', ['docs/x']],
  ]
  it.each(cases)('is all that is done: %s', async (pattern, changed) => {
    const at = target()
    const { outcome } = await applyItems(items, at, { rules: { ...noRules, only: [pattern] } })
    expect(outcome).toBe('applied')
    const differing = compareTrees(`${dir}/before`, at).map((line) => line.split(': ')[0])
    expect([...new Set(differing)].sort()).toEqual(changed)
  })

  it('without the directory that it lies in is a conflict', async () => {
    const { outcome } = await applyItems(items, target(), { rules: { ...noRules, only: ['new'] } })
    expect(outcome).toBe('conflicts')
  })
})

describe('modes and owners', () => {
  it('are changed on the way', async () => {
    const at = target()
    const chmod = parseModeRules('D700,F600,u+X')
    chmodSync(`${at}/b`, 0o600)
    chmodSync(`${at}/docs/x`, 0o600)
    for (const path of ['docs', 'docs/old', '.']) chmodSync(`${at}/${path}`, 0o700)
    for (const path of ['a', 'docs/old/y', 'docs/old/z']) chmodSync(`${at}/${path}`, 0o600)
    expect((await applyItems(items, at, { rules: { ...noRules, chmod } })).outcome).toBe('applied')
    expect(lstatSync(`${at}/docs/made`).mode & 0o7777).toBe(0o700)
    expect(lstatSync(`${at}/docs/made/new`).mode & 0o7777).toBe(0o600)
    expect((await applyItems(items, at, { rules: { ...noRules, chmod } })).outcome).toBe('unchanged')
  })

  it.skipIf(!isRoot)('are mapped as the user says', async () => {
    const owners = [
      { kind: 'user', from: null, to: 1234 },
      { kind: 'group', from: 0, to: 4321 },
    ] as const
    const at = `${tempDir()}/new`
    const snapshot = await collect(recordWithData(`${dir}/after`))
    expect((await applyItems(snapshot, at, { rules: { ...noRules, owners } })).outcome).toBe('applied')
    expect(lstatSync(`${at}/docs/made/new`)).toMatchObject({ uid: 1234, gid: 4321 })
    expect(lstatSync(at)).toMatchObject({ uid: 1234, gid: 4321 })
    expect((await applyItems(snapshot, at, { rules: { ...noRules, owners } })).outcome).toBe('unchanged')
  })

  const cases: readonly [rules: string, mode: number, isDirectory: boolean, result: number][] = [
    ['755', 0o644, false, 0o755],
    ['D755,F644', 0o700, true, 0o755],
    ['D755,F644', 0o700, false, 0o644],
    ['go-w', 0o666, false, 0o644],
    ['a+X', 0o644, false, 0o644],
    ['a+X', 0o744, false, 0o755],
    ['a+X', 0o644, true, 0o755],
    ['u=rwx,go=', 0o4777, false, 0o4700],
    ['u+s', 0o755, false, 0o4755],
    ['g+s,+t', 0o755, true, 0o3755],
    ['a-s', 0o6755, false, 0o755],
    ['Fa-x', 0o755, true, 0o755],
  ]
  it.each(cases)('%s of %i', (text, mode, isDirectory, result) => {
    expect(changeMode(parseModeRules(text), mode, isDirectory).toString(8)).toBe(result.toString(8))
  })

  it.each(['', 'z+x', '99', 'u+', 'Dx'])('refuse what is no rule: %s', (text) => {
    if (text === 'u+') expect(parseModeRules(text)).toHaveLength(1)
    else expect(() => parseModeRules(text)).toThrow()
  })
})

describe('a target that is not meant', () => {
  it('is refused where it has nothing of what the changeset was made from', async () => {
    const at = tempDir()
    writeFileSync(`${at}/mine`, 'x')
    const options = { allowForeign: false, onConflict: 'skip' } as const
    expect(await refused(at, options)).toEqual([': the target has nothing of what the changeset was made from'])
    expect(await refused(at, options, await collect(recordWithData(`${dir}/after`)))).toEqual([
      ': the target is not empty',
    ])
    expect(readdirSync(at)).toEqual(['mine'])
    expect((await applyItems(items, target(), { allowForeign: false })).outcome).toBe('applied')
  })

  it('is not refused where nothing but deletes was to be done, and they are', async () => {
    const [before, after] = [target(), target()]
    rmSync(`${after}/a`)
    const deletes = await changeset(before, after)
    for (const outcome of ['applied', 'unchanged'])
      expect((await applyItems(deletes, before, { allowForeign: false })).outcome).toBe(outcome)
  })

  it('is refused where it is the root of the system', async () => {
    await expect(applyItems(items, '/', { dryRun: true })).rejects.toMatchObject({ code: 'target-is-root' })
    await expect(applyItems(items, '/proc/self/root', { dryRun: true })).rejects.toMatchObject({
      code: 'target-is-root',
    })
  })
})

describe('a stream of unknown origin', () => {
  it.skipIf(!can.trustedXattrs)('may not bring what gives power', async () => {
    const at = tempDir()
    const root = makeEveryKind(at, { deep: false, unreadable: false })
    const told = await refused(
      `${at}/dst`,
      { rules: { ...noRules, untrusted: true } },
      await collect(recordWithData(root)),
    )
    const expected = [
      'block: a device',
      'setuid: setuid or setgid',
      'owned: a foreign owner',
      'capable: the attribute security.capability',
    ]
    expect(told).toEqual(
      expect.arrayContaining([
        ...expected,
        'symlink-outwards: a symlink that leads out',
        'dangling: a symlink that leads out',
      ]),
    )
    expect(told.some((line) => line.startsWith('symlink:') || line.startsWith('small:'))).toBe(false)
    expect(existsSync(`${at}/dst`)).toBe(false)
  })

  const links: readonly [target: string, isRefused: boolean][] = [
    ['x', false],
    ['../x', false],
    ['../../x', true],
    ['..', false],
    ['../..', true],
    ['/etc', true],
    ['a/../../x', true],
    ['./../x', false],
    ['x/..', true],
    ['', false],
  ]
  it.each(links.filter(([text]) => text !== ''))('may have the symlink %s: refused %s', async (text, isRefused) => {
    const at = tempDir()
    mkdirSync(`${at}/src/sub`, { recursive: true })
    symlinkSync(text, `${at}/src/sub/link`)
    const { outcome } = await applyItems(recordWithData(`${at}/src`), `${at}/dst`, {
      rules: { ...noRules, untrusted: true },
    })
    expect(outcome).toBe(isRefused ? 'problems' : 'applied')
  })
})
