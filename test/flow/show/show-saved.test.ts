/** fsshow on real streams: moves, recipes, and what was saved by which means, beside what was really done. */

import { randomBytes } from 'node:crypto'
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { expect, it } from 'vitest'
import { runLine } from '../../cli/run.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

const tempDir = useTempDirs()

/** The numbers of a line of a table. */
function numbersOf(text: string, table: string, row: string): number[] {
  const lines = text.split('\n')
  const line = lines.slice(lines.findIndex((head) => head.startsWith(table))).find((each) => each.startsWith(row))
  if (line === undefined) return []
  return line
    .slice(row.length)
    .trim()
    .split(/ +/)
    .map((cell) => Number(cell.replaceAll(',', '')))
}

it('says what a changeset saved', { timeout: 120_000 }, async () => {
  const dir = tempDir()
  const tree = `${dir}/tree`
  mkdirSync(`${tree}/moves`, { recursive: true })
  const text = (bytes: number): string => randomBytes(bytes).toString('base64').slice(0, bytes)
  for (const name of ['moved', 'linked', 'chmod', 'edited', 'copied', 'moves/a', 'moves/b']) {
    writeFileSync(`${tree}/${name}`, text(40_000))
  }
  expect(await runLine('fsscan --chunks tree > old.cs', dir)).toMatchObject({ status: 0 })
  renameSync(`${tree}/moved`, `${tree}/elsewhere`)
  renameSync(`${tree}/moves`, `${tree}/there`)
  linkSync(`${tree}/linked`, `${tree}/other-name`)
  chmodSync(`${tree}/chmod`, 0o600)
  appendFileSync(`${tree}/edited`, 'at its end')
  copyFileSync(`${tree}/copied`, `${tree}/copy`)
  const fresh = text(30_000)
  for (const name of ['new-1', 'new-2']) writeFileSync(`${tree}/${name}`, fresh)
  writeFileSync(`${tree}/zeros`, Buffer.alloc(50_000))
  const made = await runLine(
    'fsscan --chunks tree > new.cs; fsdiff old.cs new.cs > change.cs; fsshow --stat change.cs',
    dir,
  )
  expect(made.status, made.stderr).toBe(0)
  const saved = (means: string): number[] => numbersOf(made.stdout, 'saved by', means)
  expect(saved('moves')).toEqual([1, 40_000])
  expect(saved('hard links')).toEqual([1, 40_000])
  expect(saved('metadata alone')).toEqual([1, 40_000])
  expect(saved('files that are there')).toEqual([1, 40_000])
  expect(saved('equal contents')).toEqual([1, 30_000])
  expect(made.stdout).toContain('1 directory moved, with all that is not named')
  const [newBytes, allBytes] = /recipes: ([\d,]+) of ([\d,]+) bytes new/.exec(made.stdout)!.slice(1).map(toNumber)
  expect(saved('recipes')).toEqual([1, 40_010 - newBytes!])
  expect(allBytes).toBe(80_010)
  const [, raw, compressed] = numbersOf(made.stdout, 'part of the stream', 'contents')
  expect(saved('compression')[1]).toBe(raw! - compressed!)
  expect(compressed).toBeLessThan(30_000 + newBytes!)
  const all = ['rows', 'contents', 'recipes', 'chunk lists'].map(
    (part) => numbersOf(made.stdout, 'part of', part)[2] ?? 0,
  )
  expect(all.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan(statSync(`${dir}/change.cs`).size)
  const { stdout } = await runLine('fsshow change.cs', dir)
  expect(stdout).toContain('move    file      elsewhere  moved from moved, 40,000 bytes')
  expect(stdout).toContain('move    directory there  moved from moves')
  expect(stdout).toMatch(/build {3}file {6}edited {2}[\d,]+ of 40,010 bytes new, the rest from edited/)
  expect(stdout).toContain('build   file      copy  0 of 40,000 bytes new, the rest from copied')
  expect(readFileSync(`${dir}/change.cs`).length).toBeLessThan(40_000)
})

const toNumber = (digits: string): number => Number(digits.replaceAll(',', ''))
