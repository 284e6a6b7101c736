/** parseArguments: every kind of flag, in every way it can be written, and every way it can be wrong. */
import { describe, expect, test } from 'vitest'
import { UsageError } from '../../src/base/errors.ts'
import { parseArguments, renderHelp } from '../../src/cli/args.ts'
import { type Arguments, defineCommand } from '../../src/cli/command.ts'
import { explain } from '../../src/cli/sentences.ts'

const command = defineCommand({
  name: 'fstest',
  summary: 'Tests.',
  operands: 'DIR [FILE]',
  operandsMin: 1,
  operandsMax: 2,
  flags: {
    hash: { kind: 'switch', short: 'H', help: 'a switch' },
    'no-data': { kind: 'switch', help: 'a switch whose name begins with no' },
    comment: { kind: 'text', value: 'TEXT', help: 'a text' },
    output: { kind: 'path', short: 'o', value: 'FILE', help: 'a path' },
    ignore: { kind: 'texts', value: 'LIST', help: 'texts' },
    basis: { kind: 'paths', value: 'DIR', help: 'paths' },
    threads: { kind: 'number', value: 'N', min: 1, max: 64, help: 'a number' },
    progress: { kind: 'choice', choices: ['bar', 'json'], bare: 'bar', help: 'a choice' },
    exclude: { kind: 'rule', value: 'PATTERN', help: 'a rule' },
    include: { kind: 'rule', value: 'PATTERN', help: 'another rule' },
  },
  examples: [['fstest src', 'an example']],
  notes: 'The notes.',
  untouched: null,
  run: () => Promise.resolve(0),
})

const parse = (...args: string[]) => parseArguments(command, { args, encoding: 'utf8' })

/** What was given, and nothing of what was not. */
function given(...args: string[]) {
  const parsed = parse(...args)
  if (typeof parsed === 'string') return parsed
  const { flags, operands, rules } = parsed as unknown as Arguments<Record<string, never>>
  const isGiven = (value: unknown) => value !== null && value !== false && !(Array.isArray(value) && value.length === 0)
  const text = (value: unknown): unknown =>
    value instanceof Uint8Array ? Buffer.from(value).toString() : Array.isArray(value) ? value.map(text) : value
  const shown = Object.entries(flags)
    .filter(([, value]) => isGiven(value))
    .map(([name, value]) => [name, text(value)])
  const order = rules.map(({ flag, value }) => `${flag} ${value}`)
  return { ...Object.fromEntries(shown), operands: operands.map(text), ...(order.length > 0 ? { rules: order } : {}) }
}

describe('what a command line says', () => {
  const rows: [args: string[], wanted: unknown][] = [
    [['a'], { operands: ['a'] }],
    [['a', 'b'], { operands: ['a', 'b'] }],
    [['--hash', 'a'], { hash: true, operands: ['a'] }],
    [['a', '--hash'], { hash: true, operands: ['a'] }],
    [['--hash', 'true'], { hash: true, operands: ['true'] }],
    [['-H', 'a'], { hash: true, operands: ['a'] }],
    [['--no-data', 'a'], { 'no-data': true, operands: ['a'] }],
    [['--comment', 'x y', 'a'], { comment: 'x y', operands: ['a'] }],
    [['--comment="x"', 'a'], { comment: '"x"', operands: ['a'] }],
    [['--comment=-x', 'a'], { comment: '-x', operands: ['a'] }],
    [['--comment=', 'a'], { comment: '', operands: ['a'] }],
    [['-o', 'x', 'a'], { output: 'x', operands: ['a'] }],
    [['-ox', 'a'], { output: 'x', operands: ['a'] }],
    [['-o=x', 'a'], { output: 'x', operands: ['a'] }],
    [['--comment=a\n=b', '--exclude', 'c\nd', 'a'], { comment: 'a\n=b', operands: ['a'], rules: ['exclude c\nd'] }],
    [['-o', '-', 'a'], { output: '-', operands: ['a'] }],
    [['-o', 'x', '--output=y', 'a'], { output: 'y', operands: ['a'] }],
    [['--ignore', 'owner', '--ignore=mode', 'a'], { ignore: ['owner', 'mode'], operands: ['a'] }],
    [['--basis', 'x', '--basis', '"y"', 'a'], { basis: ['x', '"y"'], operands: ['a'] }],
    [['--threads', '2', 'a'], { threads: 2, operands: ['a'] }],
    [['--progress', 'a'], { progress: 'bar', operands: ['a'] }],
    [['--progress=json', 'a'], { progress: 'json', operands: ['a'] }],
    [
      ['--exclude', '*.o', '--include=x', '--exclude', '"q"', 'a'],
      { operands: ['a'], rules: ['exclude *.o', 'include x', 'exclude "q"'] },
    ],
    [['--exclude=--include', '--exclude=-x', 'a'], { operands: ['a'], rules: ['exclude --include', 'exclude -x'] }],
    [['--exclude', '-', '--include=', 'a'], { operands: ['a'], rules: ['exclude -', 'include '] }],
    [['-o-x', '--comment=--hash', 'a'], { output: '-x', comment: '--hash', operands: ['a'] }],
    [['-Ho', 'y', 'a'], { hash: true, output: 'y', operands: ['a'] }],
    [['--', '--hash', '-o'], { operands: ['--hash', '-o'] }],
    [['a', '--', '--exclude'], { operands: ['a', '--exclude'] }],
    [['-', 'a'], { operands: ['-', 'a'] }],
    [['01'], { operands: ['01'] }],
    [['--help', '--nonsense=1'].slice(0, 1), 'help'],
    [['-h'], 'help'],
    [['-V'], 'version'],
    [['--version', 'a', 'b', 'c'], 'version'],
  ]
  for (const [args, wanted] of rows) test(args.join(' '), () => expect(given(...args)).toEqual(wanted))
})

describe('what makes no sense', () => {
  const rows: [args: string[], flag: string, message: RegExp][] = [
    [[], '', /argument is missing/],
    [['a', 'b', 'c'], '', /too many: 'c'/],
    [['--nonsense', 'a'], 'nonsense', /unknown flag --nonsense$/],
    [['--hahs', 'a'], 'hahs', /did you mean --hash\?/],
    [['--prog', 'a'], 'prog', /did you mean --progress\?/],
    [['-x', 'a'], 'x', /unknown flag -x$/],
    [['--\u001b[31m', 'a'], '\u001b[31m', /--\\x1b\[31m/],
    [['--__proto__=1', 'a'], '___proto___', /unknown flag/],
    [['--hash=yes', 'a'], 'hash', /takes no value/],
    [['a', '--comment'], 'comment', /needs a value/],
    [
      ['a', '--comment', '--hash'],
      'comment',
      /needs a value, and '--hash' reads as a flag; .* written --comment=--hash$/,
    ],
    [['a', '--comment', '-x y'], 'comment', /written --comment=-x y$/],
    [
      ['--exclude', '--hash', 'a'],
      'exclude',
      /needs a value, and '--hash' reads as a flag; .* written --exclude=--hash$/,
    ],
    [['--exclude', '-H', 'a'], 'exclude', /needs a value, and '-H' reads/],
    [['--basis', '--include=x', 'a'], 'basis', /needs a value, and '--include=x' reads/],
    [['-o', '--hash', 'a'], 'output', /needs a value, and '--hash' reads as a flag; .* written --output=--hash$/],
    [['-Ho', '--exclude', 'x', 'a'], 'output', /needs a value/],
    [['--threads', '-1', 'a'], 'threads', /from 1 to 64, not '-1'/],
    [['--rules=exclude', 'a'], 'rules', /unknown flag --rules$/],
    [['--constructor', 'x', 'a'], 'constructor', /unknown flag --constructor$/],
    [['a', '--exclude'], 'exclude', /needs a value/],
    [['a', '--exclude', '--', 'x'], 'exclude', /needs a value/],
    [['a', '-o'], 'output', /needs a value/],
    [['a', '--output='], 'output', /path that is not empty/],
    [['a', '--threads', 'two'], 'threads', /from 1 to 64, not 'two'/],
    [['a', '--threads', '0'], 'threads', /from 1 to 64/],
    [['a', '--threads', '1.5'], 'threads', /from 1 to 64/],
    [['a', '--threads', '1e1'], 'threads', /from 1 to 64/],
    [['a', '--progress=pie'], 'progress', /one of bar, json, not 'pie'/],
  ]
  for (const [args, flag, message] of rows) {
    test(args.join(' ') || 'no arguments', () => {
      const error = (() => {
        try {
          return parse(...args)
        } catch (thrown) {
          return thrown
        }
      })()
      expect(error).toBeInstanceOf(UsageError)
      expect((error as UsageError).flag).toBe(flag)
      expect(explain('fsscan', error, '').text.split('\n')[0]).toMatch(message)
    })
  }
})

test('bytes that are no UTF-8 survive in paths', () => {
  const args = [Buffer.from([0x61, 0xff]).toString('latin1'), `--output=${Buffer.from('ü').toString('latin1')}`]
  const parsed = parseArguments(command, { args, encoding: 'latin1' })
  if (typeof parsed === 'string') throw new Error(parsed)
  expect([...parsed.operands[0]!]).toEqual([0x61, 0xff])
  expect(Buffer.from(parsed.flags.output!).toString()).toBe('ü')
})

test('the help names every flag, the examples and the notes', async () => {
  const help = await renderHelp(command, 80)
  const wanted = [
    'Tests.',
    'Usage: fstest [FLAGS] DIR [FILE]',
    ...Object.keys(command.flags).map((name) => `--${name}`),
  ]
  for (const text of [...wanted, '-o, --output', '--help', '--version', 'fstest src', 'an example', 'The notes.']) {
    expect(help).toContain(text)
  }
})
