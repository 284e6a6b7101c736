/** What an apply lets a stream do, and what it keeps of what was there: flags, and the options that they make. */
import { UsageError } from '../base/errors.ts'
import type { ApplyOptions } from '../flow/apply-options.ts'
import type { OwnerRule } from '../flow/map-owners.ts'
import { parseModeRules } from '../flow/mode-rules.ts'
import { createAccounts } from '../host/accounts.ts'
import { escapeText } from '../model/escape.ts'
import { compileFilters, excludeRule } from '../tree/filter.ts'
import type { FlagTable, FlagValues } from './command.ts'

const SUFFIX = '~'

export const applyFlags = {
  'on-conflict': {
    kind: 'choice',
    choices: ['fail', 'skip', 'overwrite', 'keep-both'],
    help: 'rows that do not fit: do nothing at all (fail), leave them out, do them and keep what is there, put the new beside it',
  },
  suffix: { kind: 'path', value: 'TEXT', help: `added to the name of what is kept, or put, beside (${SUFFIX})` },
  backup: { kind: 'path', value: 'DIR', help: 'with overwrite: what is there goes to DIR instead, under its path' },
  atomic: { kind: 'switch', help: 'make the whole new tree beside the old one, and exchange them in one step' },
  'keep-old': { kind: 'path', value: 'DIR', help: 'with --atomic: the old tree stays, as DIR' },
  'max-delete': {
    kind: 'text',
    value: 'N|P%',
    help: 'refuse to delete more than N entries, or P percent of those there',
  },
  delete: { kind: 'choice', choices: ['never', 'after'], help: 'leave deletes out, or do them when all else is done' },
  only: { kind: 'texts', value: 'PATTERN', help: 'only rows that match, or lie below what matches; may be repeated' },
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
  'allow-foreign': { kind: 'switch', help: 'TARGET may have nothing of what the changeset was made from' },
  'allow-system-root': { kind: 'switch', help: 'TARGET may be /' },
} as const satisfies FlagTable

type Flags = FlagValues<typeof applyFlags>
type Options = Pick<
  ApplyOptions,
  'onConflict' | 'suffix' | 'backup' | 'atomic' | 'maxDelete' | 'deleteAfter' | 'rules' | 'allowForeign' | 'allowRoot'
>

/** @throws UsageError */
export function applyOptions(flags: Flags): Options {
  checkTogether(flags)
  return {
    onConflict: flags['on-conflict'] ?? 'fail',
    suffix: checkSuffix(flags.suffix ?? Buffer.from(SUFFIX)),
    backup: flags.backup,
    atomic: flags.atomic ? { oldTree: flags['keep-old'] } : null,
    maxDelete: flags['max-delete'] === null ? null : parseMaxDelete(flags['max-delete']),
    deleteAfter: flags.delete === 'after',
    rules: {
      chmod: flags.chmod.flatMap((changes) => inFlag('chmod', () => parseModeRules(changes))),
      only: flags.only.map(checkPattern),
      neverDelete: flags.delete === 'never',
      owners: flags['map-owner'].map(parseOwnerRule),
      untrusted: flags.untrusted,
    },
    allowForeign: flags['allow-foreign'],
    allowRoot: flags['allow-system-root'],
  }
}

function checkTogether(flags: Flags): void {
  const policy = flags['on-conflict'] ?? 'fail'
  if (flags.backup !== null && policy !== 'overwrite') {
    throw new UsageError('backup', '--backup needs --on-conflict overwrite: nothing else takes away what is there')
  }
  if (flags.suffix !== null && policy !== 'overwrite' && policy !== 'keep-both') {
    throw new UsageError('suffix', '--suffix needs --on-conflict overwrite or keep-both')
  }
  if (flags.suffix !== null && flags.backup !== null) {
    throw new UsageError('suffix', '--suffix and --backup exclude each other: what is kept goes beside, or to a folder')
  }
  if (flags['keep-old'] !== null && !flags.atomic) throw new UsageError('keep-old', '--keep-old needs --atomic')
}

const SLASH = 0x2f
const SUFFIX_BYTES_MAX = 100

function checkSuffix(suffix: Uint8Array): Uint8Array {
  if (suffix.length <= SUFFIX_BYTES_MAX && !suffix.includes(SLASH)) return suffix
  throw new UsageError('suffix', `--suffix needs at most ${SUFFIX_BYTES_MAX} bytes, and no '/'`)
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

function parseMaxDelete(text: string): NonNullable<ApplyOptions['maxDelete']> {
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
