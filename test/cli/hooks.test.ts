/** Programs that run beside an apply: they may hang, read nothing, leave early, or be there when a signal comes. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { withTempDir } from '../support/temp-dir.ts'
import { finish, runLine, startLine } from './run.ts'

/** Nothing is measured: a slow disk may take its time. */
const timeout = 600_000

/** More rows than a pipe holds lines of. */
function writeMany(dir: string): void {
  const rows = Array.from({ length: 1500 }, (_, i) => {
    return `{"record":"row","path":"entry-${String(i).padStart(6, '0')}","after":{"kind":"directory"}}`
  })
  writeFileSync(join(dir, 'lines'), `${rows.join('\n')}\n`)
}

const hook = (flag: string, script: string): string => `--${flag} '${JSON.stringify(['sh', '-c', script])}'`

describe('a program that', () => {
  const rows: [what: string, flags: string, status: number, entries: number][] = [
    ['reads nothing and does not end', `--hook-limit 1 ${hook('before-row', 'sleep 1000')}`, 7, 0],
    ['reads nothing and ends', hook('before-row', 'exit 0'), 0, 1500],
    ['closes its input and goes on', hook('before-row', 'exec 0<&-; sleep 0.1'), 0, 1500],
    ['reads a little and fails', hook('before-row', 'head -n 1 > first; exit 1'), 7, 0],
    ['has a child that holds its input', hook('before-commit', 'sleep 1000 > /dev/null 2>&1 & echo $! > pid'), 0, 1500],
    ['ends by a signal', hook('before-commit', 'kill -9 $$'), 7, 0],
    ['hangs behind the commit', `--hook-limit 1 ${hook('after-commit', 'sleep 1000')}`, 1, 1500],
  ]
  for (const [what, flags, status, entries] of rows) {
    test.concurrent(`${what} ends the apply with status ${status}`, { timeout }, () =>
      withTempDir(async (dir) => {
        writeMany(dir)
        await runLine('mkdir dst; fsmake lines > x.cs', dir)
        const outcome = await runLine(
          `fsapply --no-sync ${flags} dst x.cs; status=$?; test ! -e pid || kill $(cat pid); exit $status`,
          dir,
        )
        expect([outcome.status, readdirSync(join(dir, 'dst')).length]).toEqual([status, entries])
      }),
    )
  }
})

describe('SIGINT while a program runs', () => {
  for (const [flag, entries] of [
    ['before-row', []],
    ['before-commit', []],
    ['after-commit', ['made']],
  ] as const) {
    test.concurrent(`leaves nothing behind: ${flag}`, { timeout }, () =>
      withTempDir(async (dir) => {
        writeFileSync(join(dir, 'lines'), '{"record":"row","path":"made","after":{"kind":"directory"}}\n')
        await runLine('mkdir dst; fsmake lines > x.cs', dir)
        const line = `exec fsapply --no-sync --undo u.cs ${hook(flag, 'echo $$ > pid.part; mv pid.part pid; sleep 1000')} dst x.cs`
        const child = startLine(line, dir)
        const outcome = finish(child)
        while (!existsSync(join(dir, 'pid'))) await setTimeout(10)
        child.kill('SIGINT')
        expect(await outcome).toMatchObject({ signal: 'SIGINT' })
        expect(readdirSync(join(dir, 'dst'))).toEqual(entries)
        const pid = Number(readFileSync(join(dir, 'pid'), 'utf8'))
        while (isAlive(pid)) await setTimeout(10)
      }),
    )
  }
})

/** A process that has ended and is waited for by nobody is not alive. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

test('a reader of a tree that is exchanged as a whole sees old or new, never a mix', { timeout }, () =>
  withTempDir(async (dir) => {
    const make = (name: string) => `mkdir ${name}; for i in $(seq 40); do echo ${name} > ${name}/$i; done`
    await runLine(
      `${make('old')}; ${make('new')}; cp -a old dst; fsdiff old new > forth.cs; fsdiff new old > back.cs`,
      dir,
    )
    const reader = `until test -e stop; do (cd dst 2>/dev/null && cat * 2>/dev/null | sort -u | tr -d '\\n'; echo); done > seen &`
    const apply =
      'for i in 1 2 3; do fsapply --no-sync --atomic dst forth.cs && fsapply --no-sync --atomic dst back.cs || exit; done'
    const outcome = await runLine(`${reader} ${apply}; status=$?; touch stop; wait; exit $status`, dir)
    expect(outcome).toMatchObject({ status: 0, stderr: '' })
    const seen = new Set(readFileSync(join(dir, 'seen'), 'utf8').split('\n'))
    seen.delete('')
    expect([...seen].filter((line) => line !== 'old' && line !== 'new')).toEqual([])
    expect(seen.size).toBeGreaterThan(0)
  }),
)
