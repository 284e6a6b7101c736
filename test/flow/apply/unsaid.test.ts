/**
 * What a changeset says nothing about, because the diff ignored it or the scan did not read it, stays as the target has it: it is no
 * conflict, new contents take it over, and undo leads back exactly. New entries come with what their rows say.
 */
import { chmodSync, lchownSync, linkSync, lstatSync, renameSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createPlanReport, plan } from '../../../src/flow/plan/plan.ts'
import type { Findings } from '../../../src/host/target/findings.ts'
import type { Item } from '../../../src/model/item.ts'
import { rowsOf } from '../../../src/model/row.ts'
import { stateWords } from '../../../src/model/words.ts'
import type { Aspect } from '../../../src/tree/compare.ts'
import { copyTree } from '../../support/apply-random.ts'
import { applyItems, collect, keeper, noRules, planOptions, replayItems } from '../../support/apply-tree.ts'
import { applyWay, ways } from '../../support/apply-ways.ts'
import { changeTo, itemsIn } from '../../support/change-to.ts'
import { compareTrees } from '../../support/compare-trees.ts'
import { joinBytes } from '../../support/deep-path.ts'
import { readXattrs, setTimes, setXattr } from '../../support/disk-calls.ts'
import { directory, file, makeTree, type TreeSpec } from '../../support/disk-tree.ts'
import { isTorture } from '../../support/every-call.ts'
import { can } from '../../support/every-kind.ts'
import { listTree, mutateTree } from '../../support/mutate-tree.ts'
import { aclValue } from '../../support/posix-acl.ts'
import { makePrng, type Prng } from '../../support/prng.ts'
import { makeRandomTree } from '../../support/random-tree.ts'
import { makeQuickDir, useTempDirs } from '../../support/temp-dir.ts'

const tempDir = useTempDirs(makeQuickDir)

type Unsaid = { ignored?: readonly Aspect[]; xattrs?: boolean }

const unsaid: Record<string, Unsaid> = {
  mode: { ignored: ['mode'] },
  owner: { ignored: ['owner'] },
  times: { ignored: ['times'] },
  xattrs: { ignored: ['xattrs'] },
  'xattrs that were not read': { xattrs: false },
  all: { ignored: ['mode', 'owner', 'times', 'xattrs'] },
}

function aspectsOf({ ignored = [], xattrs = true }: Unsaid): Set<string> {
  return new Set([...ignored, ...(xattrs ? [] : ['xattrs'])])
}

/** What the judge of trees leaves out for them. */
function judgeNames(aspects: Set<string>): string[] {
  return [...aspects].map((aspect) => (aspect === 'times' ? 'mtime' : aspect))
}

/** Gives entries of a tree other attributes of these kinds. */
function drift(root: string, aspects: Set<string>, prng: Prng): void {
  for (const path of [...listTree(root), Buffer.alloc(0)].reverse()) {
    if (prng.oneIn(3)) continue
    const full = path.length === 0 ? Buffer.from(root) : joinBytes(root, path)
    const stats = lstatSync(full)
    const isPlain = stats.isFile() || stats.isDirectory()
    if (aspects.has('owner') && can.owners) lchownSync(full, 1000 + prng.below(9), 1000 + prng.below(9))
    const mode = aspects.has('mode') ? 0o700 | prng.below(0o100) : stats.mode & 0o7777
    if (aspects.has('xattrs') && can.userXattrs && isPlain) {
      // Who is no superuser sets them where he may write.
      chmodSync(full, 0o700)
      setXattr(full, 'user.here', Buffer.from(`${prng.below(99)}`))
    }
    // Another owner takes special bits away, and an edit another time.
    if (isPlain) chmodSync(full, mode)
    if (aspects.has('times')) setTimes(full, 1_400_000_000 + prng.below(1000), prng.below(1_000_000_000))
  }
}

/** Attributes of an entry that were not said, as text. */
function attributesOf(path: Buffer, aspects: Set<string>): string {
  const stats = lstatSync(path, { bigint: true })
  const isLink = stats.isSymbolicLink()
  return [
    aspects.has('owner') ? `${stats.uid}:${stats.gid}` : '',
    aspects.has('mode') && !isLink ? (stats.mode & 0o7777n).toString(8) : '',
    aspects.has('xattrs') ? readXattrs(path).map(([name, value]) => `${name}=${value.toString('hex')}`) : '',
  ].join(' ')
}

const kindOf = (path: Buffer): number => lstatSync(path).mode & 0o170000

/** Where a path of the new tree was before, by the rows that say so: a directory takes along what is in it. */
function originsIn(items: readonly Item[]): (path: Buffer) => Buffer | null {
  const moved = new Map<string, Buffer | null>()
  for (const item of items) {
    if (item.kind !== 'rows') continue
    for (const { path, before, after } of rowsOf(item.batch)) {
      const key = Buffer.from(path).toString('latin1')
      if (after !== null && after.moved.length > 0) moved.set(key, Buffer.from(after.moved))
      else if (before === null || before.moved.length > 0) moved.set(key, null)
    }
  }
  return (path) => {
    for (let end = path.length; end > 0; end = path.lastIndexOf(0x2f, end - 1)) {
      const origin = moved.get(path.subarray(0, end).toString('latin1'))
      if (origin === undefined) continue
      return origin === null ? null : Buffer.concat([origin, path.subarray(end)])
    }
    return path
  }
}

function isThere(path: Buffer): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined
}

/** Entries that were there before, in this place or another, and have other attributes by now. */
function changedIn(before: string, after: string, aspects: Set<string>, items: readonly Item[]): string[] {
  const originOf = originsIn(items)
  return listTree(after).flatMap((path) => {
    const origin = originOf(Buffer.from(path))
    if (origin === null) return []
    const [old, now] = [joinBytes(before, origin), joinBytes(after, path)]
    if (!isThere(old) || kindOf(old) !== kindOf(now)) return []
    if (lstatSync(old).nlink + lstatSync(now).nlink > 2 && lstatSync(now).isFile()) return []
    const [was, is] = [attributesOf(old, aspects), attributesOf(now, aspects)]
    return was === is ? [] : [`${path.toString('latin1')}: ${was}, ${is}`]
  })
}

const conflictsIn = ({ conflicts }: Findings): string[] =>
  conflicts.map(({ path, state }) => `${Buffer.from(path).toString('latin1')}: ${stateWords[state]}`)

const seeds = Array.from({ length: isTorture ? 60 : 5 }, (_, k) => k + 1)

describe.each(Object.entries(unsaid))('%s', (_name, what) => {
  const aspects = aspectsOf(what)
  describe.each(Object.keys(ways))('%s', (way) => {
    it.each(seeds)('random trees, %i', async (seed) => {
      const dir = tempDir()
      const prng = makePrng(seed)
      const { tree, target, bytes } = await changeTo(
        dir,
        (at) => makeRandomTree(at, { seed, entryCount: 30, odd: false }),
        (at) => mutateTree(at, { seed: seed + 1000, changeCount: 15, odd: false }),
        false,
        true,
        what,
      )
      drift(target, aspects, prng)
      copyTree(target, `${dir}/drifted`)
      const items = await itemsIn(bytes)
      const undo = keeper()
      const { outcome, findings } = await applyWay(ways[way]!, items, target, { undo: undo.take })
      expect([outcome, conflictsIn(findings)]).toEqual(['applied', []])
      expect(compareTrees(tree, target, { ignore: judgeNames(aspects) })).toEqual([])
      expect(changedIn(`${dir}/drifted`, target, aspects, items)).toEqual([])
      const again = await applyWay(ways[way]!, items, target)
      expect([again.outcome, conflictsIn(again.findings)]).toEqual(['unchanged', []])
      expect(conflictsIn((await applyItems(undo.kept.items, target)).findings)).toEqual([])
      expect(compareTrees(`${dir}/drifted`, target)).toEqual([])
    })
  })
})

const before: TreeSpec = [
  ['dir', directory({ mode: 0o755 })],
  ['dir/file', file('old bytes', { mode: 0o644 })],
  ['linked-1', file('linked', { mode: 0o644 })],
  ['program', file('a program', { mode: 0o755 })],
  ['to-move', file('it moves', { mode: 0o644 })],
]
const time = [1_500_000_000, 0] as const

/** A change of contents, of a mode, a new name and a move; `own` gives the target attributes of its own. */
async function changed(what: Unsaid, own: (target: string) => void): Promise<{ target: string; items: Item[] }> {
  const dir = tempDir()
  const { target, bytes } = await changeTo(
    dir,
    (tree) => makeTree(tree, [['', directory({ mode: 0o755 })], ...before], time),
    (tree) => {
      writeFileSync(`${tree}/dir/file`, 'new bytes')
      writeFileSync(`${tree}/program`, 'another program')
      chmodSync(`${tree}/dir`, 0o700)
      linkSync(`${tree}/linked-1`, `${tree}/linked-2`)
      renameSync(`${tree}/to-move`, `${tree}/dir/moved`)
    },
    false,
    true,
    what,
  )
  own(target)
  return { target, items: await itemsIn(bytes) }
}

const modeOf = (path: string): string => (lstatSync(path).mode & 0o7777).toString(8)
const xattrsOf = (path: string): string[] => readXattrs(Buffer.from(path)).map(([name]) => name)

describe('an entry of the target', () => {
  it.skipIf(!can.acls)('keeps its ACL, which says the mode that the row says', async () => {
    const acl = (mask: number): Buffer =>
      aclValue([
        ['userObj', 7],
        ['user', 7, 1234],
        ['groupObj', 5],
        ['mask', mask],
        ['other', 0],
      ])
    const { target, items } = await changed({ xattrs: false }, (at) => {
      setXattr(Buffer.from(`${at}/dir`), 'system.posix_acl_access', acl(5))
      chmodSync(`${at}/dir`, 0o755)
      setXattr(Buffer.from(`${at}/dir`), 'system.posix_acl_default', acl(7))
      setXattr(Buffer.from(`${at}/dir/file`), 'system.posix_acl_access', acl(4))
      chmodSync(`${at}/dir/file`, 0o644)
    })
    expect((await applyItems(items, target)).outcome).toBe('applied')
    expect([modeOf(`${target}/dir`), modeOf(`${target}/dir/file`)]).toEqual(['700', '644'])
    const values = new Map(readXattrs(Buffer.from(`${target}/dir`)))
    expect(values.get('system.posix_acl_access')).toEqual(acl(0))
    expect(values.get('system.posix_acl_default')).toEqual(acl(7))
    expect(xattrsOf(`${target}/dir/file`)).toEqual(['system.posix_acl_access'])
  })

  it('is what a further name is linked to, and what is moved, though it has another mode', async () => {
    const { target, items } = await changed({ ignored: ['mode'] }, (at) => {
      for (const name of ['linked-1', 'to-move']) chmodSync(`${at}/${name}`, 0o600)
    })
    expect((await applyItems(items, target)).outcome).toBe('applied')
    expect([modeOf(`${target}/linked-2`), modeOf(`${target}/dir/moved`), modeOf(`${target}/dir`)]).toEqual([
      '600',
      '600',
      '755',
    ])
  })

  it('that has a local edit is a conflict, though times are ignored and it has the size of what was before', async () => {
    const { target, items } = await changed({ ignored: ['times'] }, (at) => {
      writeFileSync(`${at}/dir/file`, 'mine, 9 b')
      writeFileSync(`${at}/dir/file`, 'my bytes!')
      setTimes(Buffer.from(`${at}/program`), 1_400_000_000, 0)
    })
    for (const quick of [false, true]) {
      const { outcome, findings } = await applyItems(items, target, { quick })
      expect(outcome).toBe('conflicts')
      expect(findings.conflicts.map(({ path }) => Buffer.from(path).toString())).toContain('dir/file')
    }
    writeFileSync(`${target}/dir/file`, 'old bytes')
    setTimes(Buffer.from(`${target}/dir/file`), 1_400_000_000, 0)
    expect((await applyItems(items, target)).outcome).toBe('applied')
  })

  it('does not come to run what a stranger sends with more than its own rights', async () => {
    const { target, items } = await changed({ ignored: ['mode'] }, (at) => chmodSync(`${at}/program`, 0o4755))
    const { outcome, findings } = await applyItems(items, target, { rules: { ...noRules, untrusted: true } })
    expect(outcome).toBe('problems')
    expect(findings.problems.map(({ path }) => Buffer.from(path).toString())).toContain('program')
  })

  it.skipIf(!can.trustedXattrs)('keeps the attributes that a scan by another user has not seen', async () => {
    const { target, items } = await changed({}, (at) => {
      setXattr(Buffer.from(`${at}/dir/file`), 'trusted.mine', Buffer.from('1'))
    })
    const [first, ...others] = items
    if (first?.kind !== 'header') throw new Error('a header comes first')
    const seenByOther = [{ ...first, header: { ...first.header, trustedHidden: true } }, ...others]
    expect((await applyItems(seenByOther, target)).outcome).toBe('applied')
    expect(xattrsOf(`${target}/dir/file`)).toEqual(['trusted.mine'])
  })
})

it('a plan of such a changeset is applied where nothing has changed, and refused where something has', async () => {
  const { target, items } = await changed({ ignored: ['mode'], xattrs: false }, (at) => {
    chmodSync(`${at}/dir/file`, 0o600)
    if (can.userXattrs) setXattr(Buffer.from(`${at}/dir/file`), 'user.here', Buffer.from('1'))
  })
  const planned = await collect(plan(replayItems(items), planOptions(target), createPlanReport()))
  const other = `${target}-other`
  copyTree(target, other)
  const replanned = await collect(plan(replayItems(items), planOptions(other), createPlanReport()))
  chmodSync(`${other}/dir/file`, 0o640)
  expect((await applyItems(planned, target)).outcome).toBe('applied')
  expect(modeOf(`${target}/dir/file`)).toBe('600')
  expect((await applyItems(replanned, other)).outcome).toBe('conflicts')
})
