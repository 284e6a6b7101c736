/** Processes that are really killed while they apply: the target is old, or new, or the next run makes it either. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runLine, startLine } from '../../cli/run.ts'
import { copyTree } from '../../support/apply-random.ts'
import { compareTrees } from '../../support/compare-trees.ts'
import { withoutRootTime } from '../../support/every-call.ts'
import { makeTempDir, removeTree } from '../../support/temp-dir.ts'

/** `npm run torture` kills more often. */
const killCount = Number(process.env['KILL_COUNT'] ?? 8)

let dir = ''
/** Milliseconds that an apply takes when nobody kills it. */
let usual = 0

beforeAll(async () => {
  dir = makeTempDir()
  for (let d = 0; d < 20; d++) {
    mkdirSync(`${dir}/before/dir${d}`, { recursive: true })
    for (let f = 0; f < 50; f++) writeFileSync(`${dir}/before/dir${d}/file${f}`, `before ${d} ${f}`)
  }
  copyTree(`${dir}/before`, `${dir}/after`)
  for (let d = 0; d < 20; d++) {
    for (let f = 0; f < 50; f += 3) writeFileSync(`${dir}/after/dir${d}/file${f}`, `after ${d} ${f}, longer`)
    for (let f = 1; f < 50; f += 3) rmSync(`${dir}/after/dir${d}/file${f}`)
    mkdirSync(`${dir}/after/dir${d}/new`)
    for (let f = 0; f < 20; f++) writeFileSync(`${dir}/after/dir${d}/new/file${f}`, `new ${d} ${f}`)
  }
  rmSync(`${dir}/after/dir7`, { recursive: true })
  execFileSync('chmod', ['750', `${dir}/after/dir3`])
  expect(await runLine('fsdiff before after > change.cs', dir)).toMatchObject({ status: 0 })
  copyTree(`${dir}/before`, `${dir}/timed`)
  const start = performance.now()
  expect(await runLine('fsapply timed < change.cs', dir)).toMatchObject({ status: 0 })
  usual = performance.now() - start
  expect(compareTrees(`${dir}/after`, `${dir}/timed`)).toEqual([])
})
afterAll(() => removeTree(dir))

function hasStage(name: string): boolean {
  return readdirSync(`${dir}/${name}`).some((entry) => entry.startsWith('.fsapply-'))
}

/** Starts an apply and kills it after some milliseconds. */
async function killedRun(name: string, milliseconds: number): Promise<void> {
  copyTree(`${dir}/before`, `${dir}/${name}`)
  const child = startLine(`exec fsapply --no-sync ${name} < change.cs`, dir)
  const hasEnded = new Promise((resolve) => child.once('close', resolve))
  await new Promise((resolve) => setTimeout(resolve, milliseconds))
  child.kill('SIGKILL')
  await hasEnded
}

function differences(side: string, name: string): string[] {
  return withoutRootTime(compareTrees(`${dir}/${side}`, `${dir}/${name}`))
}

describe('fsapply that is killed', () => {
  it('can be brought to either end', { timeout: 3_600_000 }, async () => {
    for (let k = 0; k < killCount; k++) {
      const name = `killed-${k}`
      await killedRun(name, usual * (0.3 + (0.7 * k) / killCount))
      if (hasStage(name)) {
        const noticed = await runLine(`fsapply ${name} < change.cs`, dir)
        expect(noticed.status).not.toBe(0)
        const flag = k % 2 === 0 ? '--rollback' : '--resume'
        const other = k % 2 === 0 ? '--resume' : '--rollback'
        const ended = await runLine(`fsapply ${flag} ${name} || fsapply ${other} ${name}`, dir)
        expect(ended.status, ended.stderr).toBe(0)
      }
      const isOld = differences('before', name).length === 0
      if (!isOld) expect(differences('after', name), name).toEqual([])
      removeTree(`${dir}/${name}`)
    }
  })
})
