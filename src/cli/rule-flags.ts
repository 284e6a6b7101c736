/** Which rows of a stream are done, and how: flags that fsapply and fsplan share, and the options that they make. */
import { Limits } from '../base/constants.ts'
import { UsageError } from '../base/errors.ts'
import type { Rules } from '../flow/plan/judge.ts'
import type { OwnerRule } from '../flow/plan/map-owners.ts'
import { parseModeRules } from '../flow/plan/mode-rules.ts'
import type { DeleteLimit } from '../flow/plan/row-rules.ts'
import { createAccounts } from '../host/entry/accounts.ts'
import { escapeText } from '../model/escape.ts'
import { compileFilters, excludeRule } from '../tree/filter.ts'
import type { FlagTable, FlagValues } from './command.ts'

export const ruleFlags = {
  'max-delete': {
    kind: 'text',
    value: 'N|P%',
    help: 'refuse to delete more than N entries, or P percent of those there',
  },
  delete: { kind: 'choice', choices: ['never', 'after'], help: 'leave deletes out, or do them when all else is done' },
  only: {
    kind: 'texts',
    value: 'PATTERN',
    bytesMax: Limits.textBytesMax,
    help: 'only rows that match, or lie below what matches, and of a move both ends; may be repeated',
  },
  'map-owner': {
    kind: 'texts',
    value: 'KIND:FROM=TO',
    help: 'KIND is user or group, FROM its recorded number or name, or *, TO a number or name here; may be repeated',
  },
  chmod: { kind: 'texts', value: 'CHANGES', help: 'change recorded modes, such as D755,F644 or go-w; may be repeated' },
  untrusted: {
    kind: 'switch',
    help: 'refuse setuid, setgid, devices, foreign owners, security and trusted attributes, symlinks that lead out',
  },
} as const satisfies FlagTable

export type RuleOptions = { rules: Rules; maxDelete: DeleteLimit }

/** @throws UsageError */
export function ruleOptions(flags: FlagValues<typeof ruleFlags>): RuleOptions {
  return {
    maxDelete: flags['max-delete'] === null ? null : parseMaxDelete(flags['max-delete']),
    rules: {
      chmod: flags.chmod.flatMap((changes) => inFlag('chmod', () => parseModeRules(changes))),
      only: flags.only.map(checkPattern),
      neverDelete: flags.delete === 'never',
      owners: flags['map-owner'].map(parseOwnerRule),
      untrusted: flags.untrusted,
    },
  }
}

/** What is wrong with the value of a flag, told with its name. */
function inFlag<T>(flag: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw error instanceof UsageError ? new UsageError(flag, `--${flag}: ${error.message}`) : error
  }
}

function checkPattern(pattern: string): string {
  inFlag('only', () => compileFilters([excludeRule(pattern)]))
  return pattern
}

function parseMaxDelete(text: string): DeleteLimit {
  if (/^\d{1,15}$/.test(text)) return { count: Number(text) }
  const match = /^(\d{1,3})%$/.exec(text)
  if (match !== null && Number(match[1]) <= 100) return { percent: Number(match[1]) }
  const shown = escapeText(text)
  throw new UsageError('max-delete', `--max-delete needs a whole number, or a percentage up to 100%, not '${shown}'`)
}

const ID_MAX = 0xffff_fffe

function parseOwnerRule(text: string): OwnerRule {
  const match = /^(user|group):(.+)=(.+)$/su.exec(text)
  if (match === null) {
    const shown = escapeText(text)
    throw new UsageError('map-owner', `--map-owner needs user:FROM=TO or group:FROM=TO, not '${shown}'`)
  }
  const [, kind, from, to] = match as unknown as [string, 'user' | 'group', string, string]
  return { kind, from: from === '*' ? null : (parseId(from) ?? latin1(from)), to: localId(kind, to) }
}

/** Names are compared byte by byte. */
function latin1(name: string): string {
  return Buffer.from(name).toString('latin1')
}

function parseId(text: string): number | null {
  return /^\d{1,10}$/.test(text) && Number(text) <= ID_MAX ? Number(text) : null
}

function localId(kind: 'user' | 'group', text: string): number {
  const id = parseId(text)
  if (id !== null) return id
  const accounts = createAccounts()
  const found = kind === 'user' ? accounts.userId(Buffer.from(text)) : accounts.groupId(Buffer.from(text))
  if (found !== null) return found
  throw new UsageError('map-owner', `--map-owner: there is no ${kind} '${escapeText(text)}' here`)
}
