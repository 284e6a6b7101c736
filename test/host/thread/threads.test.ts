/** Pool: jobs by priority at the last moment, outputs held back until released, errors and early ends. Uses dist/scan-worker.js. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ScanWorkerData } from '../../../src/flow/scan/scan-worker.ts'
import { closeFd, openRoot } from '../../../src/host/entry/dir.ts'
import { type Job, Pool, type Source } from '../../../src/host/thread/threads.ts'
import { pendingRoot } from '../../../src/host/walk/walk.ts'
import type { Piece } from '../../../src/model/piece.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

const root = useTempDirs()()
let rootFd = -1

beforeAll(() => {
  mkdirSync(`${root}/d`)
  for (let i = 0; i < 20; i++) writeFileSync(`${root}/d/${i}`, '')
  rootFd = openRoot(Buffer.from(root))
})
afterAll(() => closeFd(rootFd))

function openPool(threadCountMax: number): Pool {
  const walk = { rootFd, oneFileSystem: false, xattrs: true, racySinceSec: 1e12, outputFile: null }
  const data: ScanWorkerData = { walk, filters: [] }
  return new Pool({ entry: 'scan-worker', threadCountMax, data })
}

function walkJob(outputs: Piece[], done: unknown[]): Job {
  return {
    task: 'walk',
    input: { pending: pendingRoot(), rowCountMax: 1_000 },
    onOutput(value, release) {
      outputs.push(value as Piece)
      release()
    },
    onDone: (result) => void done.push(result),
    ahead: () => null,
  }
}

/** A source of `count` jobs. */
function jobs(count: number, next: () => Job): Source {
  let left = count
  return {
    hasJob: () => left > 0,
    nextJob() {
      left--
      return next()
    },
  }
}

test('jobs are asked for when a thread is ready, by priority, and their outputs come', async () => {
  const pool = openPool(2)
  const outputs: Piece[] = []
  const done: unknown[] = []
  const asked: string[] = []
  for (const [name, count] of [
    ['urgent', 2],
    ['other', 3],
  ] as const) {
    pool.addSource(
      jobs(count, () => {
        asked.push(name)
        return walkJob(outputs, done)
      }),
    )
  }
  pool.wake()
  expect(asked).toEqual([])
  while (done.length < 5) await pool.progress()
  await pool.close()
  expect(asked).toEqual(['urgent', 'urgent', 'other', 'other', 'other'])
  expect(done).toEqual([[], [], [], [], []])
  expect(outputs.map(({ batch }) => batch!.rowCount)).toEqual([22, 22, 22, 22, 22])
})

test('a job may have another one wait behind it, which is done next', async () => {
  const pool = openPool(1)
  const outputs: Piece[] = []
  const done: unknown[] = []
  const ended: string[] = []
  const named = (name: string, ahead: () => Job | null): Job => ({
    ...walkJob(outputs, done),
    onDone: () => void ended.push(name),
    ahead,
  })
  let left = 1
  const second = named('second', () => null)
  pool.addSource(jobs(2, () => named(`urgent${ended.length}`, () => (left-- > 0 ? second : null))))
  pool.wake()
  while (ended.length < 3) await pool.progress()
  await pool.close()
  expect(ended).toEqual(['urgent0', 'second', 'urgent2'])
  expect(outputs.map(({ batch }) => batch!.rowCount)).toEqual([22, 22, 22])
})

test('a task that throws fails the pool, and what waits for it', async () => {
  const pool = openPool(1)
  pool.addSource(jobs(1, () => ({ ...walkJob([], []), input: null })))
  pool.wake()
  await expect(
    (async () => {
      for (;;) await pool.progress()
    })(),
  ).rejects.toMatchObject({ name: 'BugError' })
  await expect(pool.progress()).rejects.toThrow()
  await pool.close()
})

test('a program that is not built is told', () => {
  const pool = new Pool({ entry: 'no-such-worker', threadCountMax: 1, data: null })
  pool.addSource({ hasJob: () => true, nextJob: () => walkJob([], []) })
  expect(() => pool.wake()).toThrow('no-such-worker.js is not built')
})

describe('a pool that is closed early', () => {
  test('ends though a thread waits to be let go on, and leaves no descriptor open', async () => {
    const before = readdirSync('/proc/self/fd').length
    const pool = openPool(2)
    let outputs = 0
    const job = { ...walkJob([], []), onOutput: () => void outputs++ }
    pool.addSource(jobs(40, () => ({ ...job, input: { pending: pendingRoot(), rowCountMax: 1 } })))
    pool.wake()
    while (outputs < 6) await pool.progress()
    await pool.close()
    expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before)
  })
})
