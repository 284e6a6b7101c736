/** What a command is: a table of flags, examples for its help, and one function. main.ts runs it. */
import { Limits } from '../base/constants.ts'

/** One flag. `value` is what its value is called in the help; a `rule` keeps its place among the other rules. */
export type Flag =
  | { kind: 'switch'; short?: string; help: string }
  | { kind: 'text' | 'texts'; short?: string; value: string; bytesMax?: number; help: string }
  | { kind: 'path' | 'paths'; short?: string; value: string; help: string }
  | { kind: 'number'; short?: string; value: string; min: number; max: number; help: string }
  | { kind: 'choice'; short?: string; choices: readonly string[]; bare?: string; help: string }
  | { kind: 'rule'; short?: string; value: string; help: string }

export type FlagTable = { readonly [name: string]: Flag }

/** What the flags of a table were given as: null, false or an empty list where they were not. */
export type FlagValues<F extends FlagTable> = {
  [N in keyof F]: F[N] extends { kind: 'switch' }
    ? boolean
    : F[N] extends { kind: 'text' }
      ? string | null
      : F[N] extends { kind: 'path' }
        ? Uint8Array | null
        : F[N] extends { kind: 'texts' }
          ? string[]
          : F[N] extends { kind: 'paths' }
            ? Uint8Array[]
            : F[N] extends { kind: 'number' }
              ? number | null
              : F[N] extends { kind: 'choice'; choices: readonly (infer C)[] }
                ? C | null
                : never
}

/** A flag of kind `rule` as it was given: what it means by its value, text or a path, is its own affair. */
export type Rule = { flag: string; value: Uint8Array }

export type Arguments<F extends FlagTable> = {
  flags: FlagValues<F>
  /** What is not a flag, as bytes. */
  operands: Uint8Array[]
  /** The flags of kind `rule`, in the order they were given. */
  rules: Rule[]
}

export type Command<F extends FlagTable = FlagTable> = {
  name: string
  /** One sentence. */
  summary: string
  /** The operands as the usage line shows them, such as `[DIR]`. */
  operands: string
  operandsMin: number
  operandsMax: number
  flags: F
  /** Command lines with what they are for. */
  examples: readonly (readonly [line: string, what: string])[]
  /** What the help says last; may be empty. */
  notes: string
  /** Says what a failure leaves as it was, in a sentence; null for a command that only writes a stream. */
  untouched: ((args: Arguments<F>) => Promise<string>) | null
  /** Does the work and gives the exit status. */
  run(args: Arguments<F>): Promise<number>
}

/** Ties the flags' types to the function's arguments. */
export function defineCommand<const F extends FlagTable>(command: Command<F>): Command<F> {
  return command
}

/** Flags that every command has. */
export const commonFlags = {
  help: { kind: 'switch', short: 'h', help: 'show this help' },
  version: { kind: 'switch', short: 'V', help: 'show the version' },
} as const satisfies FlagTable

/** The flag of every command that writes a stream. */
export const outputFlag = {
  output: { kind: 'path', short: 'o', value: 'FILE', help: 'write to FILE instead of standard output' },
} as const satisfies FlagTable

/** The flag of every command that makes a header of its own. */
export const commentFlag = {
  comment: { kind: 'text', value: 'TEXT', bytesMax: Limits.textBytesMax, help: 'a note to keep in the stream' },
} as const satisfies FlagTable

/** The flag of every command that works for long. */
export const progressFlag = {
  progress: {
    kind: 'choice',
    choices: ['bar', 'json', 'none'],
    bare: 'bar',
    help: 'show progress on standard error; a terminal gets a bar unless `none`',
  },
} as const satisfies FlagTable

/** The flag of the commands that pack contents. */
export const bothFlag = {
  both: { kind: 'switch', help: 'pack the contents of the old tree too (--basis), so that fsinvert keeps the data' },
} as const satisfies FlagTable

/** The zstd level where none is given. */
export const LEVEL_DEFAULT = 3

/** The flag of every command that compresses a stream of its own making. */
export const levelFlag = {
  level: { kind: 'number', value: 'N', min: 1, max: 19, help: `zstd level (${LEVEL_DEFAULT})` },
} as const satisfies FlagTable
