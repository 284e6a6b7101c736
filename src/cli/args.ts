/**
 * Command lines into typed arguments. The one importer of yargs: its parser splits the words, its help writer, which is
 * loaded only when it is asked for, lays out the help.
 */
import { Parser } from 'yargs/helpers'
import { UsageError } from '../base/errors.ts'
import {
  type Arguments,
  type Command,
  commonFlags,
  type Flag,
  type FlagTable,
  type FlagValues,
  type Rule,
} from './command.ts'
import { nearest } from './nearest.ts'
import { checkBytes, textOf } from './text.ts'

/** The words of a command line; a word in latin1 stands for its bytes. */
export type CommandLine = { args: string[]; encoding: 'utf8' | 'latin1' }

const RULES = 'rules'
/** Separates a rule's flag from its value; no argument can hold a NUL. */
const MARK = '\0'

/**
 * The arguments of `command` on this command line, or what is asked for instead.
 * Throws UsageError for everything that the table of flags does not allow.
 */
export function parseArguments<F extends FlagTable>(
  command: Command<F>,
  line: CommandLine,
): Arguments<F> | 'help' | 'version' {
  const flags: FlagTable = { ...command.flags, ...commonFlags }
  const { argv, error } = splitWords(line.args, flags)
  const given = Object.keys(argv).filter((name) => name !== '_')
  for (const name of given) if (name !== RULES && !Object.hasOwn(flags, name)) throw unknownFlag(name, flags)
  if (argv['help'] === true) return 'help'
  if (argv['version'] === true) return 'version'
  if (error !== null) throw valueError(error.message, flags)
  const bytes = (word: string) => Buffer.from(word, line.encoding)
  const values = Object.entries(flags).map(([name, flag]) => [name, flagValue(name, flag, wordsOf(argv[name]), bytes)])
  const operands = argv._.map((word) => bytes(String(word)))
  checkOperands(command, argv._.map(String))
  return {
    flags: Object.fromEntries(values) as FlagValues<F>,
    operands,
    rules: wordsOf(argv[RULES]).map((word) => splitRule(word, bytes)),
  }
}

/** Without a flag nothing is to be split: the parser takes longer than the whole of a small command. */
function splitWords(args: string[], flags: FlagTable): Pick<ReturnType<typeof Parser.detailed>, 'argv' | 'error'> {
  if (!args.some((arg) => arg.startsWith('-'))) return { argv: { _: args }, error: null }
  return Parser.detailed(normalize(args, flags), parserOptions(flags))
}

function parserOptions(flags: FlagTable) {
  const entries = Object.entries(flags).filter(([, flag]) => flag.kind !== 'rule')
  const isSwitch = (flag: Flag) => flag.kind === 'switch'
  return {
    boolean: entries.filter(([, flag]) => isSwitch(flag)).map(([name]) => name),
    string: [...entries.filter(([, flag]) => !isSwitch(flag)).map(([name]) => name), RULES],
    narg: { ...Object.fromEntries(entries.map(([name, flag]) => [name, isSwitch(flag) ? 0 : 1])), [RULES]: 1 },
    alias: Object.fromEntries(entries.flatMap(([name, flag]) => (flag.short ? [[name, [flag.short]]] : []))),
    configuration: {
      'boolean-negation': false,
      'camel-case-expansion': false,
      'dot-notation': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'strip-aliased': true,
    },
    // The parser's own messages are replaced: only the flag's name is wanted of them.
    __: (_template: string, name: string) => name,
  }
}

/**
 * Words as the parser understands them in one way only: values behind a `=`, rules under one name, so that their order is
 * kept, and flags whose value may be left out with their value.
 */
function normalize(args: readonly string[], flags: FlagTable): string[] {
  const words: string[] = []
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!
    if (arg === '--') return [...words, ...args.slice(i)]
    const { name, value } = splitLong(arg) ?? splitShort(arg, flags) ?? { name: '', value: null }
    // Nobody but this function says it.
    if (name === RULES) throw unknownFlag(name, flags)
    const flag = Object.hasOwn(flags, name) ? flags[name] : undefined
    if (flag === undefined || flag.kind === 'switch') words.push(arg)
    else if (value !== null) words.push(valueWord(name, flag, value))
    else if (flag.kind === 'choice' && flag.bare !== undefined) words.push(valueWord(name, flag, flag.bare))
    else words.push(valueWord(name, flag, nextValue(name, args[++i])))
  }
  return words
}

function valueWord(name: string, flag: Flag, value: string): string {
  return flag.kind === 'rule' ? `--${RULES}=${name}${MARK}${value}` : `--${name}=${value}`
}

/** The word behind a flag as its value: another flag would be taken for one where a value was forgotten. */
function nextValue(name: string, word: string | undefined): string {
  if (word !== undefined && !/^-\D/su.test(word)) return word
  const hint =
    word === undefined
      ? `; one that begins with '-' is written --${name}=VALUE`
      : `, and '${word}' reads as a flag; as the value it is written --${name}=${word}`
  throw new UsageError(name, `--${name} needs a value${hint}`)
}

type Split = { name: string; value: string | null }

function splitLong(arg: string): Split | null {
  const match = /^--([^=]+)(?:=(.*))?$/su.exec(arg)
  return match === null ? null : { name: match[1]!, value: match[2] ?? null }
}

/** `-o`, `-oFILE` and `-o=FILE`; several switches in one word are the parser's to split. */
function splitShort(arg: string, flags: FlagTable): Split | null {
  const match = /^-([A-Za-z])(.*)$/su.exec(arg)
  const found = match === null ? undefined : Object.entries(flags).find(([, { short }]) => short === match[1])
  if (match === null || found === undefined || found[1].kind === 'switch') return null
  return { name: found[0], value: match[2] === '' ? null : match[2]!.replace(/^=/, '') }
}

function wordsOf(value: unknown): string[] {
  if (value === undefined) return []
  return Array.isArray(value) ? value.map(String) : [String(value)]
}

function splitRule(word: string, bytes: (word: string) => Buffer): Rule {
  const mark = word.indexOf(MARK)
  return { flag: word.slice(0, mark), value: bytes(word.slice(mark + 1)) }
}

/** A flag's value from the words given for it; where one value is wanted the last counts. */
function flagValue(name: string, flag: Flag, words: string[], bytes: (word: string) => Buffer): unknown {
  const last = words.at(-1)
  switch (flag.kind) {
    case 'switch':
      return last === 'true'
    case 'text':
      return last === undefined ? null : textValue(name, flag, bytes(last))
    case 'path':
      return last === undefined ? null : pathValue(name, bytes(last))
    case 'texts':
      return words.map((word) => textValue(name, flag, bytes(word)))
    case 'paths':
      return words.map((word) => pathValue(name, bytes(word)))
    case 'number':
      return last === undefined ? null : numberValue(name, flag, last)
    case 'choice':
      return last === undefined ? null : choiceValue(name, flag, last)
    case 'rule':
      return null
  }
}

function textValue(name: string, flag: Flag & { kind: 'text' | 'texts' }, bytes: Uint8Array): string {
  if (flag.bytesMax !== undefined) checkBytes(name, bytes, flag.bytesMax)
  return textOf(name, bytes)
}

function pathValue(name: string, path: Uint8Array): Uint8Array {
  if (path.length === 0) throw new UsageError(name, `--${name} needs a path that is not empty`)
  return path
}

function numberValue(name: string, flag: Flag & { kind: 'number' }, word: string): number {
  const number = /^\d{1,15}$/.test(word) ? Number(word) : Number.NaN
  if (number >= flag.min && number <= flag.max) return number
  const range = `a whole number from ${flag.min} to ${flag.max}`
  throw new UsageError(name, `--${name} needs ${range}, not '${word}'`)
}

function choiceValue(name: string, flag: Flag & { kind: 'choice' }, word: string): string {
  if (flag.choices.includes(word)) return word
  throw new UsageError(name, `--${name} is one of ${flag.choices.join(', ')}, not '${word}'`)
}

function checkOperands<F extends FlagTable>(command: Command<F>, words: string[]): void {
  const { operandsMin, operandsMax } = command
  if (words.length > operandsMax) throw new UsageError('', `one argument too many: '${words[operandsMax]}'`)
  if (words.length < operandsMin) throw new UsageError('', `an argument is missing: ${command.operands}`)
  // What an unset variable of a script leaves behind must not mean the current directory.
  if (words.includes('')) throw new UsageError('', `an argument is empty: ${command.operands}`)
}

function unknownFlag(name: string, flags: FlagTable): UsageError {
  const shown = name.length === 1 ? `-${name}` : `--${name}`
  const near = nearest(name, Object.keys(flags))
  return new UsageError(name, `unknown flag ${shown}${near === null ? '' : `; did you mean --${near}?`}`)
}

/** The parser's one kind of error: a value that is not wanted, or that is missing behind several flags in one word. */
function valueError(given: string, flags: FlagTable): UsageError {
  const [name, flag] = Object.entries(flags).find(([long, { short }]) => long === given || short === given)!
  return new UsageError(name, `--${name} ${flag.kind === 'switch' ? 'takes no value' : 'needs a value'}`)
}

/** The least width at which no word of any help is broken: a narrower screen breaks lines by itself. */
const WIDTH_MIN = 60

/** The help of a command, laid out for a screen of `width` columns. */
export async function renderHelp<F extends FlagTable>(command: Command<F>, width: number): Promise<string> {
  const { default: yargs } = await import('yargs')
  const help = yargs([])
    .locale('en')
    .scriptName(command.name)
    .usage(`${command.summary}\n\nUsage: $0 [FLAGS] ${command.operands}`.trimEnd())
    .help(false)
    .version(false)
    .wrap(Math.max(width, WIDTH_MIN))
    .epilogue(command.notes)
  for (const [name, flag] of Object.entries<Flag>({ ...command.flags, ...commonFlags })) {
    help.option(name, { alias: flag.short ?? [], description: describe(flag), group: 'Flags:' })
  }
  for (const [line, what] of command.examples) help.example(line, what)
  return `${await help.getHelp()}\n`
}

/** What a flag does, after the name of its value. */
function describe(flag: Flag): string {
  switch (flag.kind) {
    case 'switch':
      return flag.help
    case 'choice':
      return `${flag.choices.join('|')}: ${flag.help}`
    default:
      return `${flag.value}: ${flag.help}`
  }
}
