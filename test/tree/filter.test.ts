import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { UsageError } from '../../src/base/errors.ts'
import {
  checkFilters,
  compileFilters,
  excludeRule,
  includeRule,
  judgePath,
  parseFilterFile,
} from '../../src/tree/filter.ts'
import { compileGlob, matchesGlob } from '../../src/tree/glob.ts'
import { hasRsync } from '../support/compare-trees.ts'
import { file, makeTree } from '../support/disk-tree.ts'
import { listTree } from '../support/mutate-tree.ts'
import { makePrng } from '../support/prng.ts'
import { useTempDirs } from '../support/temp-dir.ts'

const tempDir = useTempDirs()

const bytes = (text: string | Uint8Array): Uint8Array => (typeof text === 'string' ? Buffer.from(text) : text)

function matches(pattern: string, name: string | Uint8Array): boolean {
  const heap = Buffer.concat([Buffer.from('x/'), bytes(name), Buffer.from('/y')])
  return matchesGlob(compileGlob(pattern), heap, 2, heap.length - 2)
}

describe('matchesGlob', () => {
  const cases: ReadonlyArray<readonly [pattern: string, matching: string[], other: string[]]> = [
    ['abc', ['abc'], ['ab', 'abcd', 'xabc', '']],
    ['*', ['a', '.a', '...', '\n'], []],
    ['*.o', ['a.o', '.o', 'a.o.o'], ['a.oo', 'o', '.o.']],
    ['a*', ['a', 'ab', 'a.b'], ['ba', '.a']],
    ['a*b*c', ['abc', 'aXbXc', 'abbcc', 'abcbc'], ['ac', 'abcd', 'bc']],
    ['?', ['a', '\u00e9', '\u65e5', '\u{10000}', '.'], ['', 'ab']],
    ['a?c', ['abc', 'a*c'], ['ac', 'abbc']],
    ['*?\u65e5', ['a\u65e5', '\u65e5\u65e5'], ['\u65e5']],
    ['*??', ['ab', '\u65e5a'], ['\u65e5', 'a']],
    ['[abc]', ['a', 'b', 'c'], ['d', 'ab', '']],
    ['[a-c]x', ['ax', 'cx'], ['dx', '-x']],
    ['[!a-c]', ['d', '.', '\u00e9'], ['a', 'b', '']],
    ['[^a]', ['b', '^'], ['a']],
    ['[]a]', [']', 'a'], ['b', '[']],
    ['[!]a]', ['b', '['], [']', 'a']],
    ['[a-]', ['a', '-'], ['b']],
    ['[\\]a]', [']', 'a'], ['\\']],
    ['[\\a-\\c]', ['a', 'b'], ['\\', '-']],
    ['[\u00e0-\u00ff]', ['\u00e9'], ['e', '\u0100']],
    ['[[:digit:]_]*', ['1', '_a', '12'], ['a1', ':']],
    ['[![:space:]]', ['a'], [' ', '\n', '\t']],
    ['[[:upper:][:digit:]]', ['A', '5'], ['a']],
    ['[:a]', [':', 'a'], ['[']],
    ['[[:a]', ['[', ':', 'a'], [']']],
    ['\\*', ['*'], ['a', '\\*']],
    ['\\[a]', ['[a]'], ['a']],
    ['a\\b', ['ab'], ['a\\b']],
    ['a]', ['a]'], ['a']],
    ['{a,b}', ['{a,b}'], ['a', 'b']],
    ['!(a)', ['!(a)'], ['b']],
    ['*\u00e9', ['caf\u00e9', '\u00e9'], ['cafe\u0301']],
  ]
  it.each(cases)('%j', (pattern, matching, other) => {
    for (const name of matching) expect([name, matches(pattern, name)]).toEqual([name, true])
    for (const name of other) expect([name, matches(pattern, name)]).toEqual([name, false])
  })

  it('takes a byte outside well-formed UTF-8 as one character that equals none of a pattern', () => {
    const latin = Buffer.from([0x63, 0xe9])
    expect(matches('c?', latin)).toBe(true)
    expect(matches('c??', latin)).toBe(false)
    expect(matches('c\u00e9', latin)).toBe(false)
    expect(matches('c[\u00e9]', latin)).toBe(false)
    expect(matches('c[!a]', latin)).toBe(true)
    for (const raw of [
      [0xc0, 0x80],
      [0xed, 0xa0],
      [0xf5, 0x80],
      [0xe6, 0x97],
      [0xf4, 0x90],
    ]) {
      expect(matches('??', Buffer.from(raw))).toBe(true)
    }
  })

  it('agrees with a matcher that tries everything', () => {
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?', '[ab]', '[!a]', '\u65e5'), maxLength: 8 })
    const name = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '\u65e5'), maxLength: 8 })
    fc.assert(
      fc.property(pattern, name, (p, n) => matches(p, n) === tryAll(p, Array.from(n))),
      { numRuns: 3000 },
    )
  })

  it('ends for many stars, where a translation to a regular expression would run for hours', () => {
    expect(matches(`${'*a'.repeat(100)}*b`, 'a'.repeat(255))).toBe(false)
    const filter = compileFilters([`- ${'**/a*a*a*/'.repeat(50)}b`])
    expect(filter(bytes(Array(2000).fill('aaaa').join('/')), false)).toBe('included')
  })

  it.each(['[', '[a', 'a[]', '[!]', 'a\\', '[z-a]', '[[:vowel:]]', '[a\\'])('refuses %j', (pattern) => {
    expect(() => compileGlob(pattern)).toThrow(UsageError)
  })
})

function tryAll(pattern: string, name: string[]): boolean {
  if (pattern === '') return name.length === 0
  if (pattern[0] === '*') return tryAll(pattern.slice(1), name) || (name.length > 0 && tryAll(pattern, name.slice(1)))
  const token = pattern[0] === '[' ? pattern.slice(0, pattern.indexOf(']') + 1) : pattern[0]!
  const isMatch =
    name.length > 0 &&
    (token === '?' ||
      token === name[0] ||
      (token === '[ab]' && 'ab'.includes(name[0]!)) ||
      (token === '[!a]' && name[0] !== 'a'))
  return isMatch && tryAll(pattern.slice(token.length), name.slice(1))
}

describe('compileFilters', () => {
  const cases: ReadonlyArray<readonly [rules: string[], excluded: string[], included: string[]]> = [
    [[], [], ['a', 'b/']],
    [['- x'], ['x', 'x/', 'a/x', 'a/b/x/'], ['', 'xx', 'x.c', 'x/y']],
    [['- /x'], ['x', 'x/'], ['a/x', 'xx']],
    [['- x/'], ['x/', 'a/x/'], ['x', 'a/x']],
    [['- /x/'], ['x/'], ['x', 'a/x/']],
    [['- a/x'], ['a/x', 'b/a/x'], ['x', 'a/b/x', 'ba/x']],
    [['- /a/*/x'], ['a/b/x'], ['a/x', 'a/b/c/x', 'z/a/b/x']],
    [['- /a/**/x'], ['a/x', 'a/b/x', 'a/b/c/x'], ['x', 'b/a/x', 'a/xx']],
    [['- /a/**'], ['a/x', 'a/b/c'], ['a/', 'a', 'b/x']],
    [['- a/**'], ['a/x', 'z/a/b/c'], ['a/', 'z/a']],
    [['- /a/***'], ['a/', 'a/x', 'a/b/c'], ['a', 'b/a/']],
    [['- **/x'], ['x', 'a/x', 'a/b/x'], ['xx']],
    [['- **'], ['a', 'a/b', '.c'], ['']],
    [['- /**/a/**/b/**/c'], ['a/b/c', 'x/a/x/b/x/x/c', 'a/a/b/b/c/c'], ['b/a/c', 'a/b', 'a/c/b']],
    [['- a**c'], ['abc', 'ac'], ['a/c', 'a/b/c']],
    [['- *'], ['a', 'a/b'], ['']],
    [['- .*'], ['.git/', 'a/.x'], ['a', 'a.b']],
    [
      ['+ *.c', '- *'],
      ['a', 'b/'],
      ['x.c', 'a/x.c'],
    ],
    [
      ['+ /src/', '+ /src/**', '- *'],
      ['a', 'src'],
      ['src/', 'src/a/b'],
    ],
    [
      ['+ keep', '- /tmp/*'],
      ['tmp/a', 'tmp/keepx'],
      ['tmp/keep', 'tmp/'],
    ],
    [['- a', '+ a'], ['a'], ['b']],
    [['-  x'], [' x'], ['x']],
    [['- + x'], ['+ x'], ['x']],
    [['- a//b'], ['a/b'], ['a', 'b']],
  ]
  it.each(cases)('%j', (rules, excluded, included) => {
    const filter = compileFilters(rules)
    const judge = (path: string): string => filter(bytes(path.replace(/\/$/, '')), path.endsWith('/'))
    for (const path of excluded) expect([path, judge(path)]).toEqual([path, 'excluded'])
    for (const path of included) expect([path, judge(path)]).toEqual([path, 'included'])
  })

  it.each(['x', '-x', '', '- ', '- /', '- .', '- ./x', '- a/../b', '- [', '- a\0', '! x'])('refuses %j', (rule) => {
    expect(() => compileFilters([rule])).toThrow(UsageError)
  })

  it.each([
    ['too many', Array.from({ length: 4097 }, (_, i) => `- ${i}`)],
    ['one too long', [`- ${'x'.repeat(65_535)}`]],
    ['too long together', Array.from({ length: 300 }, () => `- ${'x'.repeat(60_000)}`)],
    ['one without a pattern', ['- ']],
  ])('a header does not keep rules that are %s', (_, rules) => {
    expect(() => checkFilters(rules)).toThrow(UsageError)
  })

  it('a header keeps as many rules, and as long, as the format allows', () => {
    checkFilters(Array.from({ length: 4096 }, (_, i) => `- ${i}`))
    checkFilters([`- ${'x'.repeat(65_534)}`])
  })

  it('makes rules of the command line', () => {
    expect([excludeRule('*.o'), includeRule('/a')]).toEqual(['- *.o', '+ /a'])
  })
})

describe('judgePath', () => {
  it('excludes what lies in an excluded directory, whatever a later rule says', () => {
    const filter = compileFilters(['- /a/', '+ *.c'])
    expect(judgePath(filter, bytes('a/b/x.c'), false)).toBe('excluded')
    expect(judgePath(filter, bytes('a'), false)).toBe('included')
    expect(judgePath(filter, bytes('b/a/x.c'), false)).toBe('included')
  })
})

describe('parseFilterFile', () => {
  it('reads one rule a line', () => {
    const text = '# comment\n\n; comment\n*.o\r\n- /tmp/\n+ keep me \n-dash\n\\#x\n- !x\n'
    expect(parseFilterFile(text)).toEqual(['- *.o', '- /tmp/', '+ keep me ', '- -dash', '- \\#x', '- !x'])
  })
  it('refuses a line that begins with an exclamation mark', () => {
    expect(() => parseFilterFile('a\n!b\n')).toThrow(/line 2/)
  })
})

describe.skipIf(!hasRsync)('rsync', () => {
  const patterns = [
    'a',
    '/a',
    'b/',
    '*.c',
    'a/b',
    '/a/*',
    'a/**',
    'b*',
    '?',
    '[ab]',
    '[!a]',
    '/b/***',
    'x.c',
    '/a/b/',
    '[[:alpha:]].c',
    '*b*',
    'a/?',
    'a/***',
  ]
  it('leaves out the same, for random lists of rules', () => {
    const dir = tempDir()
    const names = ['a', 'b', 'ab', 'x.c', 'b.c']
    const dirs = ['', 'a/', 'b/', 'a/b/', 'a/a/', 'ab/b/']
    makeTree(
      dir,
      dirs
        .flatMap((d) => names.map((name) => [`${d}${name}`, file('')] as const))
        .filter(([path]) => !dirs.includes(`${path}/`) && path !== 'ab'),
    )
    const prng = makePrng(5)
    for (let run = 0; run < 40; run++) {
      const rules = Array.from(
        { length: 1 + prng.below(4) },
        () => `${prng.pick(['-', '-', '+'])} ${prng.pick(patterns)}`,
      )
      expect([rules, listKept(dir, rules)]).toEqual([rules, listByRsync(dir, rules)])
    }
  })
})

function listKept(dir: string, rules: string[]): string[] {
  const filter = compileFilters(rules)
  const paths = listTree(dir).map(String)
  const isDirectory = (path: string): boolean => paths.some((other) => other.startsWith(`${path}/`))
  return paths.filter((path) => judgePath(filter, bytes(path), isDirectory(path)) === 'included').sort()
}

function listByRsync(dir: string, rules: string[]): string[] {
  const filters = rules.map((rule) => `--filter=${rule}`)
  const list = execFileSync('rsync', ['-r', '-n', '--out-format=%n', ...filters, `${dir}/`, '/nowhere-at-all'])
  const lines = list
    .toString()
    .split('\n')
    .map((line) => line.replace(/\/$/, ''))
  return lines.filter((line) => line !== '' && line !== '.' && !line.startsWith('created directory')).sort()
}
