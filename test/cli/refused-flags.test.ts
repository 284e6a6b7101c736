/** What a command refuses on its command line, before it reads or writes anything: status 2, and a sentence that says why. */
import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { withTempDir } from '../support/temp-dir.ts'
import { runLine } from './run.ts'

/** Lines that are run one by one beside an empty folder `src`; the sentence is the first one said. */
function refused(rows: [name: string, line: string, sentence: RegExp][]): void {
  for (const [name, line, sentence] of rows) {
    test(name, () =>
      withTempDir(async (dir) => {
        await runLine('mkdir src', dir)
        const before = readdirSync(dir)
        const { status, stderr, stdout } = await runLine(`exec 2>&1; ${line}`, dir)
        expect(stdout.split('\n')[0]).toMatch(sentence)
        expect([stderr, status]).toEqual(['', 2])
        expect(readdirSync(dir)).toEqual(before)
      }),
    )
  }
}

/** A line that gives `count` times the letter x. */
const letters = (count: number): string => `$(head -c ${count} /dev/zero | tr '\\0' x)`
/** Rules come from a pipe, so that no file of the test's own is in the way. */
const rules = (make: string): string => `--exclude-from <(${make})`

describe('what a header cannot keep', () => {
  refused([
    [
      'a pattern that is no UTF-8',
      `fsscan --exclude $'x\\xff' src`,
      /^fsscan: --exclude needs text in UTF-8, .* x\\xff/,
    ],
    ['an exception that is none', `fsscan --include $'\\xff' src`, /^fsscan: --include needs text in UTF-8/],
    ['a pattern that is too long', `fsscan --exclude "${letters(70_000)}" src`, /has 70002 bytes; .* at most 65536$/],
    ['rules that are no UTF-8', `fsscan ${rules(`printf 'a\\nb\\n\\xff\\n'`)} src`, /: line 3 is no text in UTF-8/],
    ['too many rules', `fsscan ${rules('seq 100000')} src`, /there are 100000 filter rules; .* at most 4096$/],
    [
      'a rule that is too long',
      `fsscan ${rules(`echo ${letters(1_000_000)}`)} src`,
      /has 1000002 bytes; .* at most 65536$/,
    ],
    ['rules without an end', 'fsscan --exclude-from /dev/zero src', /at most 16777216 bytes$/],
    ['a comment that is no UTF-8', `fsscan --comment $'\\xff' src`, /^fsscan: --comment needs text in UTF-8/],
    [
      'a comment that is too long',
      `fsdiff --comment "${letters(70_000)}" src src`,
      /--comment has a value of 70000 bytes/,
    ],
    ['a comment of a composition', `fscompose --comment $'\\xff' a b`, /^fscompose: --comment needs text/],
    ['a comment of an inverse', `fsinvert --comment "${letters(70_000)}" a`, /--comment has a value of 70000 bytes/],
    [
      'rules of a diff, before a missing tree',
      `fsdiff ${rules('seq 5000')} missing.cs src`,
      /there are 5000 filter rules/,
    ],
    [
      'a pattern that matches nothing, likewise',
      `fsdiff --exclude a/../b missing.cs src`,
      /no path can match 'a\/\.\.\/b'/,
    ],
    ['a part that is no UTF-8', `fsapply --only $'\\xff' src missing.cs`, /^fsapply: --only needs text in UTF-8/],
  ])
})

describe('a flag where a value is wanted', () => {
  refused([
    [
      'of a rule',
      'fsscan --exclude --hash src',
      /^fsscan: --exclude needs a value, and '--hash' reads as a flag; .*--exclude=--hash$/,
    ],
    ['of a rule, short', 'fsscan --exclude -x src', /^fsscan: --exclude needs a value, and '-x' reads as a flag/],
    ['of a file', 'fsscan -o --hash src', /^fsscan: --output needs a value, and '--hash' reads as a flag/],
    ['of a text', 'fsscan --comment --progress src', /^fsscan: --comment needs a value, and '--progress' reads as/],
    ['a name that is used within', 'fsscan --rules=exclude src', /^fsscan: unknown flag --rules$/],
  ])

  test('behind a = it is the value', () =>
    withTempDir(async (dir) => {
      const line = 'mkdir src; touch src/--hash src/-x; fsscan --exclude=--hash --exclude=-x src | fsshow | tail -n 1'
      expect((await runLine(line, dir)).stdout).toMatch(/^1 entr/)
    }))
})

describe('fspack with a SOURCE that is none', () => {
  refused([
    ['a dash', 'fspack - src', /^fspack: SOURCE is the directory .* which '-' is not; FILE, here src, comes second$/],
    [
      'a dash alone',
      'fspack - < /dev/null',
      /which '-' is not; without SOURCE and FILE the stream is read from standard input$/,
    ],
    ['a stream', 'fspack /dev/null src', /which \/dev\/null is not; FILE, here src, comes second$/],
    [
      'a stream alone',
      'fspack /dev/null < /dev/null',
      /which \/dev\/null is not; .* or standard input: fspack < \/dev\/null$/,
    ],
  ])
})

test('rules at the limits are kept, and a folder and a file of rules may have any name', () =>
  withTempDir(async (dir) => {
    const { stdout, stderr, status } = await runLine(
      `mkdir $'d\\xff'; seq 4096 > $'r\\xff'; echo "${letters(65_534)}" > long
       fsscan --exclude-from $'r\\xff' $'d\\xff' | fsshow --json | grep -c '"hex".*"- 4096"' && fsscan --exclude-from long $'d\\xff' | fsshow | tail -n 1`,
      dir,
    )
    expect({ stdout, stderr, status }).toEqual({ stdout: expect.stringMatching(/^1\n1 entr/), stderr: '', status: 0 })
  }))

test('rules are read once, for both trees', () =>
  withTempDir(async (dir) => {
    const line = 'mkdir a b; touch a/x b/y b/z; echo y | fsdiff --exclude-from - --no-data a b | fsshow'
    const { stdout } = await runLine(line, dir)
    expect(stdout).toMatch(/add +file +z/)
    expect(stdout).not.toMatch(/file +y/)
  }))

describe('what says how a directory is looked at, where there is none', () => {
  refused([
    ['a rule', `fsdiff --exclude '*.o' <(fsscan src) <(fsscan src)`, /^fsdiff: --exclude says how/],
    ['a mount point', `fsscan src | fsdiff -x - <(fsscan src)`, /^fsdiff: --one-file-system says how a directory/],
    ['ids', `fsdiff --hash <(fsscan src) <(fsscan src)`, /^fsdiff: --hash says how .* give it to fsscan$/],
  ])
})
