/** Apply as another user than root: what cannot be kept is told and left, all else is exact. */
import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type Outcome, runLine } from '../../cli/run.ts'
import { copyTree } from '../../support/apply-random.ts'
import { compareTrees } from '../../support/compare-trees.ts'
import { blockDevice, charDevice, directory, file, link, makeTree, type TreeSpec } from '../../support/disk-tree.ts'
import { can, isRoot, makeEveryKind } from '../../support/every-kind.ts'
import { aclValue } from '../../support/posix-acl.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

const tempDir = useTempDirs()
const NOBODY = 65534
const asNobody = `setpriv --reuid=${NOBODY} --regid=${NOBODY} --clear-groups`

/** Whether nobody can run the commands where the project lies. */
const canRun =
  isRoot &&
  tries(`${asNobody} node ${JSON.stringify(new URL('../../../bin/fsapply.cjs', import.meta.url).pathname)} --version`)

function tries(line: string): boolean {
  try {
    execFileSync('bash', ['-c', line], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** A folder that nobody owns. */
function ownedDir(): string {
  const dir = tempDir()
  chownSync(dir, NOBODY, NOBODY)
  return dir
}

function run(line: string, dir: string): Promise<Outcome> {
  return runLine(line.replaceAll('fsapply', `${asNobody} fsapply`), dir)
}

describe.skipIf(!canRun)('apply as nobody', () => {
  it('restores all but owners, devices and attributes of the system, and says so once', async () => {
    const dir = ownedDir()
    makeEveryKind(dir, { deep: true, unreadable: false })
    const restored = await run('fsscan tree | fspack tree > tree.cs; fsapply target < tree.cs', dir)
    expect(restored.stderr.split('\n').length).toBeLessThan(8)
    expect(restored.status).toBe(0)
    const differences = compareTrees(`${dir}/tree`, `${dir}/target`, { ignore: ['owner'], limit: 1000 })
    expect(differences.map((line) => line.replace(/: (?:xattrs|mode): .*/, (text) => text.slice(0, 7)))).toEqual(
      expectedLosses,
    )
    const again = await run('fsapply -v target < tree.cs', dir)
    expect(again.status).toBe(0)
    expect(again.stderr).not.toContain('added')
    const strict = await run('fsapply --strict strict < tree.cs', dir)
    expect(strict.status).toBe(1)
  })

  it('counts devices, their further names and special bits, and makes none of them in place either', async () => {
    const dir = ownedDir()
    mkdirSync(`${dir}/tree`)
    makeTree(`${dir}/tree`, [
      ['block', blockDevice(7, 1)],
      ['char', charDevice(1, 3)],
      ['char-again', link('char')],
      ['setuid', file('x', { mode: 0o4755 })],
      ['setgid', file('x', { mode: 0o2755 })],
      ['whiteout', charDevice(0, 0)],
    ])
    await run('fsscan tree | fspack tree > tree.cs', dir)
    const line =
      'not kept, because this user or this filesystem cannot: owners of 4 entries, devices of 3 entries, modes of 2'
    for (const flags of ['', '--direct --receipt receipt.cs', '--dry-run']) {
      const target = flags === '--dry-run' ? 'planned' : `target${flags.length}`
      const { status, stderr } = await run(`fsapply ${flags} ${target} tree.cs`, dir)
      expect([status, stderr.includes(line)], stderr).toEqual([0, true])
    }
    expect(readdirSync(`${dir}/target0`)).toEqual(['setgid', 'setuid', 'whiteout'])
    const plan = await run(`fsplan planned tree.cs -o /dev/null`.replace('fsplan', `${asNobody} fsplan`), dir)
    expect(plan.stderr).toContain(line)
    const { stdout } = await runLine('fsshow receipt.cs', dir)
    const left = stdout.split('\n').filter((text) => text.startsWith('skipped'))
    expect(left.map((text) => text.split(/ +/)[3])).toEqual(['block', 'char', 'char-again'])
  })

  it('changes what lies in directories that it may not write', async () => {
    const dir = ownedDir()
    for (const name of ['before', 'after']) {
      mkdirSync(`${dir}/${name}/closed/inner`, { recursive: true })
      writeFileSync(`${dir}/${name}/closed/inner/edit`, name)
      writeFileSync(`${dir}/${name}/closed/${name}`, name)
    }
    mkdirSync(`${dir}/before/closed/gone`)
    mkdirSync(`${dir}/after/closed/made`)
    for (const path of ['closed/inner', 'closed'])
      for (const name of ['before', 'after']) chmodSync(`${dir}/${name}/${path}`, 0o555)
    chmodSync(`${dir}/before/closed/gone`, 0o500)
    chmodSync(`${dir}/after/closed/made`, 0o500)
    execFileSync('chown', ['-R', `${NOBODY}:${NOBODY}`, `${dir}/before`, `${dir}/after`])
    copyTree(`${dir}/before`, `${dir}/target`)
    const { status, stderr } = await run('fsdiff before after | fsapply target', dir)
    expect(stderr).toBe('')
    expect(status).toBe(0)
    expect(compareTrees(`${dir}/after`, `${dir}/target`)).toEqual([])
    rmSync(`${dir}/target`, { recursive: true })
  })

  it.skipIf(!can.acls)('sets attributes of what an ACL lets its owner not write', async () => {
    const dir = ownedDir()
    const acl = aclValue([
      ['userObj', 5],
      ['user', 4, 12345],
      ['groupObj', 4],
      ['mask', 5],
      ['other', 0],
    ])
    const xattrs = { 'system.posix_acl_access': acl, 'user.a': 'a' }
    for (const name of ['before', 'after']) {
      mkdirSync(`${dir}/${name}`)
      makeTree(`${dir}/${name}`, [
        ['changed', directory(name === 'after' ? { mode: 0o550, xattrs } : {})],
        ...(name === 'after' ? [['made', directory({ mode: 0o550, xattrs })] as const] : []),
        ['file', file('x', name === 'after' ? { mode: 0o550, xattrs } : {})],
      ])
    }
    execFileSync('chown', ['-R', `${NOBODY}:${NOBODY}`, `${dir}/before`, `${dir}/after`])
    for (const way of ['', '--atomic', '--direct']) {
      copyTree(`${dir}/before`, `${dir}/target`)
      const { status, stderr } = await run(`fsdiff before after > change.cs; fsapply ${way} target change.cs`, dir)
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
      expect(compareTrees(`${dir}/after`, `${dir}/target`)).toEqual([])
      rmSync(`${dir}/target`, { recursive: true })
    }
  })

  it.each(['', '--atomic', '--atomic --keep-old kept/tree', '--direct'])(
    'makes and changes a tree whose root it may not write: %s',
    async (flags) => {
      const dir = ownedDir()
      for (const name of ['before', 'after']) {
        mkdirSync(`${dir}/${name}`)
        for (const path of ['edit', name]) writeFileSync(`${dir}/${name}/${path}`, name)
        execFileSync('touch', ['-d', name === 'before' ? '2020-01-01' : '2021-01-01', `${dir}/${name}`])
        chmodSync(`${dir}/${name}`, 0o555)
      }
      mkdirSync(`${dir}/kept`)
      execFileSync('chown', ['-R', `${NOBODY}:${NOBODY}`, dir])
      const restored = await run('fsscan before | fspack before | fsapply target', dir)
      expect([restored.stderr, restored.status]).toEqual(['', 0])
      expect(compareTrees(`${dir}/before`, `${dir}/target`)).toEqual([])
      const { status, stderr } = await run(`fsdiff before after > cs; fsapply ${flags} --undo undo.cs target cs`, dir)
      expect([status, stderr.includes('denied')], stderr).toEqual([0, false])
      expect(compareTrees(`${dir}/after`, `${dir}/target`)).toEqual([])
      if (flags.includes('kept')) expect(compareTrees(`${dir}/before`, `${dir}/kept/tree`)).toEqual([])
      expect((await run('fsapply target undo.cs', dir)).status).toBe(0)
      expect(compareTrees(`${dir}/before`, `${dir}/target`)).toEqual([])
    },
  )

  it('touches nothing where it may not write, or where a file is not its own', async () => {
    const dir = ownedDir()
    for (const name of ['before', 'after', 'target']) {
      mkdirSync(`${dir}/${name}/sub`, { recursive: true })
      writeFileSync(`${dir}/${name}/sub/a`, name === 'after' ? 'after' : 'before')
      execFileSync('touch', ['-d', '2020-01-01', `${dir}/${name}/sub/a`, `${dir}/${name}/sub`, `${dir}/${name}`])
    }
    execFileSync('touch', ['-d', '2021-01-01', `${dir}/after/sub/a`])
    copyTree(`${dir}/target`, `${dir}/copy`)
    await expectRefused()
    chownSync(`${dir}/target`, NOBODY, NOBODY)
    chownSync(`${dir}/copy`, NOBODY, NOBODY)
    await expectRefused()
    // In a directory that all may write what is another's stays, and a directory of another cannot be moved.
    const trees = ['before', 'after', 'target', 'copy']
    for (const name of trees) chmodSync(`${dir}/${name}/sub`, 0o1777)
    await expectRefused()
    for (const name of trees) chmodSync(`${dir}/${name}/sub`, 0o755)
    renameSync(`${dir}/after/sub`, `${dir}/after/moved`)
    await expectRefused()
    renameSync(`${dir}/after/moved`, `${dir}/after/sub`)
    chmodSync(`${dir}/after/sub/a`, 0o600)
    execFileSync('bash', ['-c', `cp -a ${dir}/before/sub/a ${dir}/after/sub/a; chmod 600 ${dir}/after/sub/a`])
    const metadata = await run('fsdiff before after | fsapply target', dir)
    expect(metadata.status).toBe(7)
    expect(compareTrees(`${dir}/copy`, `${dir}/target`)).toEqual([])
    expect(existsSync(`${dir}/target/sub/a`)).toBe(true)

    /** By a dry run, and by each way to change the tree in place. */
    async function expectRefused(): Promise<void> {
      await run('fsdiff before after > change.cs', dir)
      for (const flags of ['--dry-run', '', '--direct']) {
        const { status, stderr } = await run(`fsapply ${flags} target change.cs`, dir)
        expect([status], `${flags}: ${stderr}`).toEqual([7])
        expect(compareTrees(`${dir}/copy`, `${dir}/target`)).toEqual([])
      }
    }
  })
})

const asRootWithin = 'unshare -Ur'

describe.skipIf(!tries(`${isRoot ? asNobody : ''} ${asRootWithin} true`))('root within a user namespace', () => {
  it.skipIf(!canRun)('keeps no owner that is not mapped there, and finds nothing to do the next time', async () => {
    const dir = ownedDir()
    for (const name of ['before', 'after']) {
      mkdirSync(`${dir}/${name}`)
      const entries: TreeSpec = [
        ['char', charDevice(1, 3)],
        ['edit', file(name, { owner: [1234, 1234] })],
        ['setuid', file('x', { mode: 0o4755, owner: [1234, 0] })],
      ]
      makeTree(`${dir}/${name}`, entries, [1_500_000_000, 0])
    }
    await runLine('fsscan before | fspack before > before.cs; fsdiff before after > change.cs', dir)
    const apply = (line: string) => runLine(`${asNobody} ${asRootWithin} fsapply ${line}`, dir)
    for (const way of ['', '--atomic', '--direct']) {
      const target = `target${way}`
      for (const cs of ['before.cs', 'change.cs']) {
        const first = await apply(`-v ${way} ${target} ${cs}`)
        expect([first.status, first.stderr.includes('not kept')], first.stderr).toEqual([0, true])
        const { status, stderr } = await apply(`-v ${way} ${target} ${cs}`)
        expect([status, /added|replaced|metadata/.test(stderr)], stderr).toEqual([0, false])
      }
      const ignore = ['owner', 'mode']
      const lines = compareTrees(`${dir}/after`, `${dir}/${target}`, { ignore })
      expect(lines).toEqual(['char: exists: true, false'])
    }
  })
})

describe.skipIf(!canRun || !can.trustedXattrs)('attributes that a scan as nobody does not see', () => {
  it('are no difference to a scan as root, and stay where they are', async () => {
    const dir = ownedDir()
    for (const name of ['tree', 'target']) {
      mkdirSync(`${dir}/${name}`)
      makeTree(`${dir}/${name}`, [
        ['file', file('x', { xattrs: { 'trusted.fscs': 'hidden' }, mtime: [1_500_000_000, 1] })],
      ])
    }
    const scans = `fsscan tree > root.cs && ${asNobody} fsscan tree > nobody.cs`
    const diffs = 'fsdiff --exit-code root.cs nobody.cs > /dev/null && fsdiff --exit-code nobody.cs root.cs > /dev/null'
    const equal = await runLine(`${scans} && ${diffs}`, dir)
    expect(equal.status, equal.stderr).toBe(0)
    chmodSync(`${dir}/tree/file`, 0o600)
    const applied = await runLine(
      `${asNobody} fsscan tree | fsdiff --no-data root.cs > change.cs; fsshow --json change.cs; fsapply target change.cs`,
      dir,
    )
    expect(applied.status, applied.stderr).toBe(0)
    expect(applied.stdout).toContain('"trustedHidden":true')
    expect(applied.stdout).not.toContain('trusted.fscs')
    expect(compareTrees(`${dir}/tree/file`, `${dir}/target/file`)).toEqual([])
  })
})

/** Names in byte order. setuid and setgid go with the owner that they were meant for. */
const expectedLosses: string[] = [
  'block: exists: true, false',
  'capable: xattr',
  'char: exists: true, false',
  'char-large: exists: true, false',
  'labelled: xattr',
  'labelled-fifo: xattr',
  'labelled-symlink: xattr',
  'setuid: mode:',
  'setuid-setgid-sticky: mode:',
]
