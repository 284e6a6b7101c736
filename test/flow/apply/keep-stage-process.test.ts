/** fsapply --keep-stage as a process whose stream breaks off, that is interrupted, or killed; and a sender that need not send again. */

import { randomFillSync } from 'node:crypto'
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { finish, runLine, startLine } from '../../cli/run.ts'
import { copyTree } from '../../support/apply-random.ts'
import { compareTrees } from '../../support/compare-trees.ts'
import { makeTempDir, removeTree } from '../../support/temp-dir.ts'

const FILES = 60
/** All of them make several frames: what arrives of one is of use when it is whole. */
const FILE_BYTES = 400_000
const FRAME_BYTES = 4 << 20
/** Threads that may be in the middle of a file. */
const THREADS_MAX = 4

let dir = ''
let stream: Buffer = Buffer.alloc(0)

beforeAll(async () => {
  dir = makeTempDir()
  mkdirSync(`${dir}/before`)
  writeFileSync(`${dir}/before/stays`, 'stays')
  copyTree(`${dir}/before`, `${dir}/after`)
  mkdirSync(`${dir}/after/new`)
  for (let k = 0; k < FILES; k++) writeFileSync(`${dir}/after/new/${k}`, randomFillSync(Buffer.alloc(FILE_BYTES)))
  const lines = [
    'fsscan --hash before > before.cs',
    'fsscan --hash after > after.cs',
    'fsdiff before.cs after.cs > change.cs',
  ]
  expect(await runLine(lines.join('\n'), dir)).toMatchObject({ status: 0, stderr: '' })
  stream = readFileSync(`${dir}/change.cs`)
})
afterAll(() => removeTree(dir))

const stagesOf = (target: string): string[] =>
  readdirSync(`${dir}/${target}`).filter((name) => name.startsWith('.fsapply-'))

const stagedCount = (target: string): number => {
  const [stage] = stagesOf(target)
  if (stage === undefined) return 0
  const entries = readdirSync(`${dir}/${target}/${stage}/new`, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).length
}

/** Begins an apply, gives it most of the stream, waits until most of that is staged, and ends it with a signal. */
async function interrupted(target: string, signal: NodeJS.Signals): Promise<NodeJS.Signals | null> {
  copyTree(`${dir}/before`, `${dir}/${target}`)
  const made = await runLine(`mkfifo ${target}.pipe`, dir)
  expect(made.status).toBe(0)
  const child = startLine(`exec fsapply --keep-stage ${target} < ${target}.pipe`, dir)
  const ended = finish(child)
  const fd = openSync(`${dir}/${target}.pipe`, 'w')
  const part = stream.subarray(0, Math.floor(stream.length * 0.8))
  for (let at = 0; at < part.length; ) at += writeSync(fd, part, at)
  while (stagedCount(target) < FILES / 4) await new Promise((resolve) => setTimeout(resolve, 5))
  child.kill(signal)
  const outcome = await ended
  closeSync(fd)
  return outcome.signal
}

describe('an apply that goes on', () => {
  it('says what is kept, what to do, and what had been kept', { timeout: 300_000 }, async () => {
    copyTree(`${dir}/before`, `${dir}/said`)
    const half = Math.floor(stream.length / 2)
    const broken = await runLine(`head -c ${half} change.cs | fsapply --keep-stage said`, dir)
    expect(broken.status).toBe(3)
    expect(broken.stderr).toContain('The target was not changed. What had arrived by then is kept in it')
    const refused = await runLine('fsapply said < change.cs', dir)
    expect(refused.status).toBe(5)
    expect(refused.stderr).toContain("'fsapply --keep-stage TARGET' with the stream again")
    const planned = await runLine('fsplan said change.cs > /dev/null', dir)
    expect(planned).toMatchObject({ status: 0 })
    expect(planned.stderr).toContain('an earlier apply was cut short')
    const again = await runLine('cat change.cs | fsapply --keep-stage --verbose said', dir)
    expect(again.status).toBe(0)
    expect(again.stderr).toMatch(/[12]\d contents had been kept/)
    expect(compareTrees(`${dir}/after`, `${dir}/said`)).toEqual([])
  })

  it.each(['SIGINT', 'SIGKILL'] as const)('after %s', { timeout: 300_000 }, async (signal) => {
    const target = `after-${signal}`
    expect(await interrupted(target, signal)).toBe(signal)
    const count = stagedCount(target)
    expect(count).toBeGreaterThan(0)
    const again = await runLine(`fsapply --keep-stage --verbose ${target} < change.cs`, dir)
    expect(again.status, again.stderr).toBe(0)
    const kept = Number(/(\d+) contents? had been kept/.exec(again.stderr)?.[1])
    expect(kept).toBeGreaterThanOrEqual(count - THREADS_MAX)
    expect(compareTrees(`${dir}/after`, `${dir}/${target}`)).toEqual([])
    expect(stagesOf(target)).toEqual([])
  })

  it('through a plan, by which nothing of it is sent again', { timeout: 300_000 }, async () => {
    copyTree(`${dir}/before`, `${dir}/planned`)
    const half = Math.floor(stream.length / 2)
    await runLine(`head -c ${half} change.cs | fsapply --keep-stage planned`, dir)
    const line =
      'fsdiff --no-data before.cs after.cs | fsplan planned | fspack after | tee sent.cs | fsapply --keep-stage planned'
    const { status, stderr } = await runLine(line, dir)
    expect(status, stderr).toBe(0)
    expect(statSync(`${dir}/sent.cs`).size).toBeLessThan(stream.length - half + 2 * FRAME_BYTES)
    expect(compareTrees(`${dir}/after`, `${dir}/planned`)).toEqual([])
    expect(stagesOf('planned')).toEqual([])
  })
})
