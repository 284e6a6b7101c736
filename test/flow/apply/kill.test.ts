/** fsapply as a process that is killed (SIGKILL) again and again, a little later each time: then resumed, or rolled back. */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { environment, runLine } from '../../cli/run.ts'
import { copyTree } from '../../support/apply-random.ts'
import { compareTrees } from '../../support/compare-trees.ts'
import { makeTempDir, removeTree } from '../../support/temp-dir.ts'

const FILE_COUNT = 400
/** Kills that are tried; each waits longer than the one before. */
const KILL_COUNT = Number(process.env['KILL_COUNT'] ?? 4)
const fsapply = fileURLToPath(new URL('../../../bin/fsapply.cjs', import.meta.url))

let dir = ''
/** How long an apply is at work from when its stage is there to when it is gone. */
let stagedMs = 0

beforeAll(async () => {
  dir = makeTempDir()
  for (const name of ['before', 'after']) {
    for (const sub of ['changed', 'same', name]) mkdirSync(`${dir}/${name}/${sub}`, { recursive: true })
    for (let i = 0; i < FILE_COUNT; i++) {
      writeFileSync(`${dir}/${name}/changed/${i}`, `${name} ${i}`)
      if (i % 4 === 0) writeFileSync(`${dir}/${name}/${name}/${i}`, String(i))
    }
    symlinkSync(name, `${dir}/${name}/link`)
  }
  expect((await runLine('fsdiff before after > change.cs', dir)).status).toBe(0)
  copyTree(`${dir}/before`, `${dir}/timed`)
  stagedMs = (await killed('timed', Number.POSITIVE_INFINITY)).ms
  expect(compareTrees(`${dir}/after`, `${dir}/timed`)).toEqual([])
})
afterAll(() => removeTree(dir))

const hasStage = (target: string): boolean =>
  readdirSync(`${dir}/${target}`).some((name) => name.startsWith('.fsapply-'))

/** Applies to a target, and kills the process `afterMs` after its stage was there. */
function killed(target: string, afterMs: number): Promise<{ ms: number }> {
  const child = spawn(process.execPath, [fsapply, '--no-sync', target, 'change.cs'], {
    cwd: dir,
    env: environment,
    stdio: 'ignore',
  })
  let startMs = 0
  const watch = setInterval(() => {
    if (startMs === 0 && hasStage(target)) startMs = performance.now()
    if (startMs !== 0 && performance.now() - startMs >= afterMs) child.kill('SIGKILL')
  }, 1)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', () => {
      clearInterval(watch)
      resolve({ ms: startMs === 0 ? 0 : performance.now() - startMs })
    })
  })
}

it('leaves a target that is brought to exactly one end', { timeout: 300_000 }, async () => {
  for (let k = 0; k < KILL_COUNT; k++) {
    const target = `killed-${k}`
    copyTree(`${dir}/before`, `${dir}/${target}`)
    await killed(target, (stagedMs * k) / KILL_COUNT)
    const wasLeft = hasStage(target)
    if (wasLeft) await expectOneEnd(target, k % 2 === 0 ? ['resume', 'rollback'] : ['rollback', 'resume'])
    else expect(isEnd(target)).not.toBe('')
    rmSync(`${dir}/${target}`, { recursive: true })
  }
})

async function expectOneEnd(target: string, [first, second]: [string, string]): Promise<void> {
  let way = first
  // An apply that had changed nothing cannot go on, one that was complete cannot go back: each says so.
  if ((await runLine(`fsapply --${first} ${target}`, dir)).status !== 0) {
    way = second
    expect((await runLine(`fsapply --${second} ${target}`, dir)).status).toBe(0)
  }
  expect(existsSync(`${dir}/${target}`)).toBe(true)
  expect(hasStage(target)).toBe(false)
  expect(isEnd(target)).toBe(way === 'resume' ? 'after' : 'before')
}

/** Which end a target is at, the root's own time aside: a process that dies last of all has no time to set it. */
function isEnd(target: string): string {
  for (const end of ['before', 'after']) {
    const differences = compareTrees(`${dir}/${end}`, `${dir}/${target}`).filter((line) => !line.startsWith(': mtime'))
    if (differences.length === 0) return end
  }
  return ''
}
