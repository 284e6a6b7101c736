/**
 * Command cases: each folder of cases/ holds `cmd` (lines of bash), `tree` (what is there before, see case-tree.ts), and
 * what is expected: `stdout`, `stderr` (nothing where the file is missing) and `status` (0 where it is missing).
 * BLESS=1 writes what came out as the expectation; look at the difference before it is committed.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, userInfo } from 'node:os'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { VERSION } from '../../src/base/version.ts'
import { withTempDir } from '../support/temp-dir.ts'
import { makeCaseTree } from './case-tree.ts'
import { runLine } from './run.ts'

const cases = fileURLToPath(new URL('cases', import.meta.url))
const owner = new RegExp(
  `\\b${userInfo().username} +${execFileSync('id', ['-gn'], { encoding: 'utf8' }).trim()} +`,
  'g',
)
const isBlessing = process.env['BLESS'] === '1'

for (const name of readdirSync(cases).sort()) {
  test.concurrent(name.replaceAll('-', ' '), () => withTempDir((dir) => runCase(`${cases}/${name}`, dir)))
}

async function runCase(folder: string, dir: string): Promise<void> {
  makeCaseTree(dir, readOptional(`${folder}/tree`))
  const { stdout, stderr, status } = await runLine(readFileSync(`${folder}/cmd`, 'utf8'), dir)
  const actual = {
    stdout: anonymous(stdout, dir),
    stderr: anonymous(stderr, dir),
    status: status === 0 ? '' : `${status}\n`,
  }
  for (const [file, text] of Object.entries(actual)) {
    if (isBlessing) bless(`${folder}/${file}`, text)
  }
  const expected = Object.fromEntries(Object.keys(actual).map((file) => [file, readOptional(`${folder}/${file}`)]))
  expect(actual).toEqual(expected)
}

function bless(path: string, text: string): void {
  if (text === '') rmSync(path, { force: true })
  else writeFileSync(path, text)
}

function readOptional(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}

/** Without what differs from machine to machine, and from user to user. */
function anonymous(text: string, dir: string): string {
  return text
    .replaceAll(dir, '$DIR')
    .replaceAll(`${hostname()}:`, 'HOST:')
    .replaceAll(`fs-changeset ${VERSION}`, 'TOOL')
    .replaceAll(owner, 'USER GROUP ')
    .replaceAll('xattrs but trusted ones', 'xattrs')
    .replaceAll(/at byte [1-9]\d*/g, 'at byte N')
}
