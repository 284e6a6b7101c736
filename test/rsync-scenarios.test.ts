/**
 * What people fear in replaying a recorded sync, side by side: a target that drifted, a stream that is cut short. What
 * rsync's batch replay does to the target is told for comparison; ours changes nothing.
 */
import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { runLine } from './cli/run.ts'
import { copyTree } from './support/apply-random.ts'
import { compareTrees, hasRsync } from './support/compare-trees.ts'
import { useTempDirs } from './support/temp-dir.ts'

const tempDir = useTempDirs()
let dir = ''

beforeAll(async () => {
  dir = tempDir()
  mkdirSync(`${dir}/before/gone`, { recursive: true })
  writeFileSync(`${dir}/before/edited`, 'as recorded\n')
  writeFileSync(`${dir}/before/gone/file`, 'to be deleted\n')
  writeFileSync(`${dir}/before/zz-large`, Buffer.alloc(400_000, 'old '))
  copyTree(`${dir}/before`, `${dir}/after`)
  writeFileSync(`${dir}/after/edited`, 'as it shall be\n')
  rmSync(`${dir}/after/gone`, { recursive: true })
  // Bytes that neither program can make smaller: cut in half, a stream ends within them.
  execFileSync('bash', ['-c', 'head -c 400000 /dev/urandom > after/zz-large'], { cwd: dir })
  for (const name of ['edited', 'zz-large']) utimesSync(`${dir}/after/${name}`, 1_600_000_000, 1_600_000_000)
  const { status, stderr } = await runLine('fsdiff before after > change.cs', dir)
  expect(stderr).toBe('')
  expect(status).toBe(0)
  if (hasRsync) {
    copyTree(`${dir}/before`, `${dir}/recorded`)
    execFileSync('rsync', ['-a', '--delete', '--write-batch=batch', 'after/', 'recorded/'], { cwd: dir })
    expect(compareTrees(`${dir}/after`, `${dir}/recorded`, { ignore: ['mtime'] })).toEqual([])
  }
})

/** Copies of the tree before for each program, changed in the same way. */
function targets(name: string, drift: (target: string) => void): { ours: string; rsyncs: string } {
  const made = { ours: `${name}-ours`, rsyncs: `${name}-rsync` }
  for (const target of [made.ours, made.rsyncs]) {
    copyTree(`${dir}/before`, `${dir}/${target}`)
    drift(`${dir}/${target}`)
  }
  copyTree(`${dir}/${made.ours}`, `${dir}/${made.ours}-copy`)
  return made
}

/** rsync may wait for ever on a target that is not the one its batch was made for. */
async function replayBatch(batch: string, target: string): Promise<void> {
  await runLine(`timeout -k 1 2 rsync -a --delete --read-batch=${batch} ${target}/`, dir)
}

async function expectRefused(target: string, stream: string, status: number): Promise<void> {
  const outcome = await runLine(`fsapply ${target} < ${stream}`, dir)
  expect(outcome.status).toBe(status)
  expect(outcome.stderr).not.toBe('')
  expect(compareTrees(`${dir}/${target}-copy`, `${dir}/${target}`)).toEqual([])
}

describe('a target with a local change', () => {
  const drift = (target: string): void => appendFileSync(`${target}/edited`, 'and my own line\n')
  let made: ReturnType<typeof targets>
  beforeAll(() => {
    made = targets('drifted', drift)
  })

  it('is left as it is, and the change is named', async () => {
    await expectRefused(made.ours, 'change.cs', 5)
    expect(readFileSync(`${dir}/${made.ours}/edited`, 'utf8')).toContain('my own line')
  })

  it.skipIf(!hasRsync)('loses it to rsync --read-batch, or more than that', async () => {
    await replayBatch('batch', made.rsyncs)
    const left = existsSync(`${dir}/${made.rsyncs}/edited`) ? readFileSync(`${dir}/${made.rsyncs}/edited`, 'utf8') : ''
    const isHarmed = !left.includes('my own line') || !existsSync(`${dir}/${made.rsyncs}/gone`)
    expect(isHarmed).toBe(true)
  })
})

describe('a target with a file of its own in a directory that goes', () => {
  const drift = (target: string): void => writeFileSync(`${target}/gone/mine`, 'mine\n')
  let made: ReturnType<typeof targets>
  beforeAll(() => {
    made = targets('own', drift)
  })

  it('is left as it is', () => expectRefused(made.ours, 'change.cs', 5))

  it.skipIf(!hasRsync)('loses the directory to rsync --read-batch', async () => {
    await replayBatch('batch', made.rsyncs)
    expect(existsSync(`${dir}/${made.rsyncs}/gone/mine`)).toBe(false)
  })
})

describe('a stream that is cut short', () => {
  let made: ReturnType<typeof targets>
  beforeAll(() => {
    made = targets('cut', () => {})
    for (const name of hasRsync ? ['change.cs', 'batch'] : ['change.cs']) {
      copyTree(`${dir}/${name}`, `${dir}/${name}.cut`)
      truncateSync(`${dir}/${name}.cut`, Math.floor(statSync(`${dir}/${name}`).size / 2))
    }
  })

  it('changes nothing', () => expectRefused(made.ours, 'change.cs.cut', 3))

  it.skipIf(!hasRsync)('has rsync --read-batch delete first', async () => {
    await replayBatch('batch.cut', made.rsyncs)
    expect(existsSync(`${dir}/${made.rsyncs}/gone`)).toBe(false)
  })
})
