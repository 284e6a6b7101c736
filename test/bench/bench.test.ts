/** The benchmark's own arithmetic; nothing is timed here. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { countLines } from './calls.ts'
import { atMost, atMostAlone, atMostOver, type Target } from './case.ts'
import { cases } from './cases/index.ts'
import { drawPage } from './chart/page.ts'
import { corpora } from './corpus/corpora.ts'
import { renamePair } from './corpus/rename.ts'
import { judge, type SideResult, spreadOf } from './judge.ts'
import { measure, parseReport } from './measure.ts'
import { compareResults, type Result } from './results.ts'
import { renderResult } from './table.ts'
import { formatBytes, formatSeconds } from './units.ts'

function sideOf(name: string, seconds: number[], words: Partial<SideResult> = {}): SideResult {
  const samples = seconds.map((value) => ({ seconds: value, cpuSeconds: value, memoryBytes: 1000 }))
  return { name, lacking: '', wrong: '', samples, bytes: null, calls: null, units: 1, ...words }
}

function resultOf(sides: SideResult[], targets: Target[] = []): Result {
  return {
    case: 'scan-1m',
    title: 'a case',
    date: '2026-01-02T03:04:05.000Z',
    machine: { cpu: 'cpu', cores: 2, memoryBytes: 1e9, kernel: 'Linux', filesystem: 'ext4', load: 0 },
    node: 'v20',
    ours: '1.0.0',
    peers: { find: '4.9', mtree: null },
    threads: null,
    cold: false,
    first: false,
    tiny: false,
    corpora: { tree: 'ten files' },
    sides,
    verdicts: targets.map((target) => judge(target, sides)),
  }
}

test('spreadOf: median, least and most', () => {
  expect(spreadOf([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3 })
  expect(spreadOf([4, 1, 2, 3])).toEqual({ median: 2.5, min: 1, max: 4 })
})

describe('judge', () => {
  const sides = [
    sideOf('ours', [2, 1, 3], { units: 10 }),
    sideOf('quick', [4], { units: 10 }),
    sideOf('slow', [10], { units: 100 }),
    sideOf('absent', [], { lacking: 'absent is not installed' }),
  ]
  const words = { issue: 5, metric: 'seconds', side: 'ours' } as const

  const rows: [what: string, target: Target, value: number | null, reached: boolean | null][] = [
    ['a ratio to the best of several', atMost({ ...words, limit: 0.5 }, 'slow', 'quick'), 0.5, true],
    ['a ratio over the limit', atMost({ ...words, limit: 0.1 }, 'slow'), 0.2, false],
    ['a ratio a unit', atMost({ ...words, limit: 1, perUnit: true }, 'slow'), 2, false],
    ['an excess', atMostOver({ ...words, side: 'slow', limit: 6 }, 'ours'), 8, false],
    ['a limit alone', atMostAlone({ ...words, limit: 2 }), 2, true],
    ['absent peers are passed over', atMost({ ...words, limit: 1 }, 'absent', 'slow'), 0.2, true],
    ['no peer at all', atMost({ ...words, limit: 1 }, 'absent'), null, null],
    ['nothing of ours', atMost({ ...words, side: 'absent', limit: 1 }, 'slow'), null, null],
  ]
  for (const [what, target, value, reached] of rows) {
    test(what, () => expect(judge(target, sides)).toMatchObject({ value, reached }))
  }

  test('a wrong outcome reaches nothing', () => {
    const wrong = [sideOf('ours', [1], { wrong: 'a file is missing' })]
    expect(judge(atMostAlone({ ...words, limit: 2 }), wrong)).toMatchObject({ reached: false })
  })
})

test('parseReport: status, seconds between the marks, time of the shell and its children', () => {
  const report = '0 100.25 101.5\n0m0.5s 0m0.25s\n1m1s 0m2s\n'
  expect(parseReport(report, 0)).toEqual({ status: 0, seconds: 1.25, cpuSeconds: 63.75 })
  expect(parseReport('', 137)).toMatchObject({ status: 137 })
})

test('measure: status of a pipeline, output, complaint', async () => {
  const { status, output, complaint } = await measure('echo out; false | { cat; echo no >&2; }', {}, 10)
  expect({ status, output, complaint }).toEqual({ status: 1, output: 'out\n', complaint: 'no' })
})

test('countLines: calls by name, those resumed once, those strace does not know', async () => {
  const lines = [
    '17 statx(3, ""..., AT_SYMLINK_NOFOLLOW, STATX_ALL, {...}) = 0',
    '18 futex(0x1, FUTEX_WAIT <unfinished ...>',
    '17 syscall_0x1d1(0x13, 0x7f, 0x100) = 0',
    '18 <... futex resumed>) = 0',
    '17 --- SIGCHLD {si_signo=SIGCHLD} ---',
    '17 +++ exited with 0 +++',
    'statx(3, ""...) = 0',
  ]
  expect(Object.fromEntries(await countLines(lines))).toEqual({ statx: 2, futex: 1, listxattrat: 1 })
})

test('units: figures as people read them', () => {
  expect([0.0000005, 0.0123, 0.123, 1.5, 123].map(formatSeconds)).toEqual([
    '0.50 us',
    '12.3 ms',
    '123 ms',
    '1.50 s',
    '123 s',
  ])
  expect([5, 1234, 123_456, 1_500_000].map(formatBytes)).toEqual(['5 B', '1.23 kB', '123 kB', '1.50 MB'])
})

test('compareResults: seconds against the older span, bytes where they differ', () => {
  const before = resultOf([sideOf('ours', [1, 2], { bytes: 10 })])
  const after = resultOf([sideOf('ours', [3], { bytes: 20 }), sideOf('new', [1])])
  expect(compareResults(before, after)).toEqual([
    'scan-1m: ours 1.50 s -> 3.00 s, 2.00 times (slower than any run before)',
    'scan-1m: ours 10 -> 20 bytes, 2.000 times',
  ])
})

test('renderResult: absent sides say why, columns that hold nothing are left out', () => {
  const sides = [sideOf('fsscan', [1]), sideOf('mtree', [], { lacking: 'mtree is not installed' })]
  const target = atMost({ issue: 5, metric: 'seconds', side: 'fsscan', limit: 0.5 }, 'mtree')
  const text = renderResult(resultOf(sides, [target]))
  expect(text).toContain('mtree   mtree is not installed')
  expect(text).toContain('open        fsscan seconds: - times mtree, at most 0.50 (mtree is not installed)')
  expect(text).not.toContain('calls')
})

test('drawPage: one file that asks for no other', () => {
  const sides = [sideOf('fsscan 1m', [1], { units: 1e6 }), sideOf('find <1m>', [2], { units: 1e6 })]
  const target = atMostAlone({ issue: 2, metric: 'seconds', side: 'fsscan 1m', limit: 2 })
  const page = drawPage([resultOf(sides, [target])])
  expect(page).toContain('find &lt;1m&gt;')
  expect(page).not.toMatch(/<script|<link|src=|href=/)
})

describe('cases', () => {
  test('names are unique, and so are those of the sides of each', () => {
    expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length)
    for (const { sides } of cases) expect(new Set(sides.map(({ name }) => name)).size).toBe(sides.length)
  })

  test('corpora and the sides of targets exist', () => {
    for (const { name, sides, targets, corpora: wanted } of cases) {
      expect(wanted.filter((corpus) => corpora[corpus] === undefined)).toEqual([])
      const named = targets.flatMap(({ side, beside }) => [side, ...beside])
      expect([name, named.filter((word) => !sides.some((side) => side.name === word))]).toEqual([name, []])
    }
  })
})

test('renamePair: the same tree each time', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bench-rename-'))
  try {
    const label = renamePair(folder, 400)
    expect(label).toMatch(/^400 files, \d+ at another path, \d+ edited$/)
    const names = readdirSync(join(folder, 'new'), { recursive: true, withFileTypes: true }).filter((e) => e.isFile())
    expect(names.length).toBe(400)
    expect(readFileSync(join(folder, 'old/area-0/part-0/unit-0/file-0.c')).length).toBeGreaterThan(999)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
