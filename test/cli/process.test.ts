/** Commands as processes: readers that leave, signals, files that are whole or absent, bytes in arguments. */
import { existsSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { withTempDir } from '../support/temp-dir.ts'
import { finish, runLine, startLine } from './run.ts'

/** A changeset of many rows, as lines for fsmake; `isComplete` false leaves the end out. */
function changesetLines(rowCount: number, isComplete: boolean): string {
  const rows = Array.from({ length: rowCount }, (_, i) => {
    const path = `file-${String(i).padStart(9, '0')}`
    return `{"record":"row","path":"${path}","after":{"kind":"file","mode":"0644","size":${i}}}`
  })
  const end = { record: 'end', rowCount, contentCount: 0, contentBytes: 0, problemCount: 0, judgedByTime: 0 }
  const lines = ['{"record":"header","kind":"changeset"}', ...rows, ...(isComplete ? [JSON.stringify(end)] : [])]
  return `${lines.join('\n')}\n`
}

describe('a reader that leaves', () => {
  test('ends fsshow and fsmake quietly, with status 0', () =>
    withTempDir(async (dir) => {
      writeFileSync(join(dir, 'lines'), changesetLines(60_000, true))
      expect(await runLine('fsmake lines -o x.cs && fsshow x.cs | head -n 1', dir)).toMatchObject({
        stderr: '',
        status: 0,
      })
      expect(await runLine('fsmake lines | head -c 100 | wc -c', dir)).toEqual({
        stdout: '100\n',
        stderr: '',
        status: 0,
        signal: null,
      })
    }))
})

describe('a signal', () => {
  const rows: [signal: NodeJS.Signals, status: number][] = [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ]
  for (const [signal, status] of rows) {
    test(`${signal} ends a command that waits for its input, with status ${status} and nothing left behind`, () =>
      withTempDir(async (dir) => {
        // The rows are many enough for the output to have been opened when the signal comes.
        writeFileSync(join(dir, 'lines'), changesetLines(60_000, false))
        const line = `mkfifo p; (cat lines; sleep 60) > p & fsmake -o x.cs < p & echo started; wait $!; status=$?; kill %1; exit $status`
        const child = startLine(`set -m; ${line}`, dir)
        const outcome = finish(child)
        await new Promise((resolve) => child.stdout?.once('data', resolve))
        await new Promise((resolve) => setTimeout(resolve, 700))
        await runLine(`kill -${signal} $(pgrep -n -P ${child.pid} -f fsmake)`, dir)
        expect(await outcome).toMatchObject({ status })
        expect(readdirSync(dir).sort()).toEqual(['lines', 'p'])
      }))
  }
})

test('a signal ends a command in the middle of one large file', () =>
  withTempDir(async (dir) => {
    mkdirSync(join(dir, 'src'))
    writeFileSync(join(dir, 'src/f'), '')
    truncateSync(join(dir, 'src/f'), 2 ** 42)
    const line = 'fsscan src > s.cs; timeout -k 20 -s INT --preserve-status 2 fspack src s.cs | wc -c > /dev/null'
    expect(await runLine(line, dir)).toMatchObject({ status: 130 })
  }))

describe('an output file', () => {
  test('stays as it was where the input turns out to be bad', () =>
    withTempDir(async (dir) => {
      writeFileSync(join(dir, 'lines'), changesetLines(60_000, false))
      writeFileSync(join(dir, 'x.cs'), 'old')
      const outcome = await runLine('fsmake lines -o x.cs', dir)
      expect(outcome.status).toBe(3)
      expect(outcome.stderr).toMatch(/x\.cs was not written/)
      expect(readFileSync(join(dir, 'x.cs'), 'utf8')).toBe('old')
      expect(readdirSync(dir).sort()).toEqual(['lines', 'x.cs'])
    }))

  test('has the bytes that standard output would get', () =>
    withTempDir(async (dir) => {
      writeFileSync(join(dir, 'lines'), changesetLines(5000, true))
      expect((await runLine('fsmake lines -o x.cs; fsmake < lines > y.cs; cmp x.cs y.cs', dir)).status).toBe(0)
    }))
})

test('a full disk is told with its path, and no file is left', async () => {
  if (!existsSync('/dev/full')) return
  const outcome = await withTempDir((dir) => runLine('fsshow --help > /dev/full', dir))
  expect(outcome.status).toBe(4)
  expect(outcome.stderr).toMatch(/standard output: no space is left on the device \(write: ENOSPC\)/)
})

test('arguments that are no UTF-8 name their file', () =>
  withTempDir(async (dir) => {
    const outcome = await runLine(`name=$(printf 'a\\377b'); echo x > "$name"; fsshow "$name"; fsshow "$name.cs"`, dir)
    expect(outcome.stderr).toMatch(/bad stream/)
    expect(outcome.stderr).toMatch(/a\\xffb\.cs: there is no such file/)
  }))

test('a terminal gets the readable view and a hint', async () => {
  const lines = `echo '{"record":"row","path":"","after":{"kind":"directory"}}' > lines; script -qec 'fsmake lines' /dev/null < /dev/null | tr -d '\\r'`
  const { stdout } = await withTempDir((dir) => runLine(lines, dir))
  expect(stdout).toMatch(/^changeset/)
  expect(stdout).toMatch(/fsmake: this is the readable view/)
})

test('progress as JSON ends with the totals', () =>
  withTempDir(async (dir) => {
    writeFileSync(join(dir, 'lines'), changesetLines(5000, true))
    const { stderr } = await runLine('fsmake --progress=json lines > x.cs', dir)
    const last = JSON.parse(stderr.trimEnd().split('\n').at(-1)!)
    expect(last).toMatchObject({ phase: 'make', entries: 5000 })
  }))

describe('a killed producer', () => {
  test('changes nothing of the target, wherever the stream is cut', () =>
    withTempDir(async (dir) => {
      const make = 'mkdir src dst; for i in $(seq 300); do echo $i > src/$i; done; touch dst/mine'
      await runLine(
        `${make}; fsscan dst > old.cs; fsdiff old.cs src > c.cs; find dst -printf '%p %s %T@ %i\\n' > before`,
        dir,
      )
      for (const count of [1, 100, 1000, 5000]) {
        const { status, stderr } = await runLine(`head -c ${count} c.cs | fsapply dst`, dir)
        expect([count, status]).toEqual([count, 3])
        expect(stderr).toMatch(/The target was not changed/)
      }
      const killed = await runLine('fsscan src | fspack src | head -c 1000 | fsapply dst', dir)
      expect(killed.status).not.toBe(0)
      const { stdout } = await runLine(`find dst -printf '%p %s %T@ %i\\n' | diff before - && echo same`, dir)
      expect(stdout).toBe('same\n')
    }))

  test('that is killed by a signal leaves no stage and no partial output', () =>
    withTempDir(async (dir) => {
      await runLine(
        'mkdir src dst; for i in $(seq 300); do head -c 5000 /dev/urandom > src/$i; done; fsdiff dst src > c.cs',
        dir,
      )
      const child = startLine(
        'mkfifo p; (head -c 200000 c.cs; sleep 60) > p & fsapply dst < p & echo started; wait $!; status=$?; kill %1; exit $status',
        dir,
      )
      const outcome = finish(child)
      await new Promise((resolve) => child.stdout?.once('data', resolve))
      await new Promise((resolve) => setTimeout(resolve, 1500))
      await runLine(`kill -INT $(pgrep -n -P ${child.pid} -f fsapply)`, dir)
      expect(await outcome).toMatchObject({ status: 130 })
      expect(readdirSync(join(dir, 'dst'))).toEqual([])
    }))
})

/** Runs a line as a user who may not read everything. */
function asNobody(line: string): string {
  if (process.getuid?.() !== 0) return line
  return `setpriv --reuid=65534 --regid=65534 --clear-groups bash -o pipefail -c '${line}'`
}

test('what cannot be read is a problem, exit status 1, and never deleted', () =>
  withTempDir(async (dir) => {
    await runLine('chmod 755 .; mkdir src src/closed dst; echo x > src/closed/a; echo y > src/b; cp -a src/. dst', dir)
    await runLine('fsscan src > old.cs; rm src/b; chmod 0 src/closed; chmod 644 old.cs', dir)
    const scan = await runLine(asNobody('fsscan src'), dir)
    expect(scan).toMatchObject({ status: 1, stderr: expect.stringMatching(/^fsscan: closed: .*permission denied/) })
    const diff = await runLine(asNobody('fsdiff --no-data old.cs src | fsshow'), dir)
    expect(diff.stdout).toMatch(/delete +file +b /)
    expect(diff.stdout).not.toMatch(/delete.*closed/)
    await runLine('chmod 700 src/closed', dir)
  }))

describe('a working directory that was removed', () => {
  const rows: [line: string][] = [['fsscan'], ['fsscan .'], ['fsdiff . ../src'], ['fsdiff ../src .']]
  for (const [line] of rows) {
    test(`${line} says that it is gone, with status 4, and writes nothing`, () =>
      withTempDir(async (dir) => {
        const outcome = await runLine(`mkdir src gone; cd gone; rmdir ../gone; ${line} -o ../x.cs`, dir)
        expect(outcome).toMatchObject({ status: 4, stderr: expect.stringMatching(/\.: there is no such file or dir/) })
        expect(readdirSync(dir)).toEqual(['src'])
      }))
  }
})

test('a directory whose name ends as that of a removed one is one like any other', () =>
  withTempDir(async (dir) => {
    const { stdout } = await runLine(`mkdir 'a (deleted)'; fsscan 'a (deleted)' | fsshow`, dir)
    expect(stdout).toContain(`${dir}/a (deleted)" by`)
  }))
