/** What an apply lets a stream do, and what it keeps of what was there: flags, and the options that they make. */
import { UsageError } from '../base/errors.ts'
import type { ApplyOptions } from '../flow/apply/apply-options.ts'
import type { FlagTable, FlagValues } from './command.ts'
import { type RuleOptions, ruleFlags, ruleOptions } from './rule-flags.ts'

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
  ...ruleFlags,
  'allow-foreign': { kind: 'switch', help: 'TARGET may have nothing of what the changeset was made from' },
  'allow-system-root': { kind: 'switch', help: 'TARGET may be /' },
} as const satisfies FlagTable

type Flags = FlagValues<typeof applyFlags>
type Options = RuleOptions &
  Pick<ApplyOptions, 'onConflict' | 'suffix' | 'backup' | 'atomic' | 'deleteAfter' | 'allowForeign' | 'allowRoot'>

/** @throws UsageError */
export function applyOptions(flags: Flags): Options {
  checkTogether(flags)
  return {
    onConflict: flags['on-conflict'] ?? 'fail',
    suffix: checkSuffix(flags.suffix ?? Buffer.from(SUFFIX)),
    backup: flags.backup,
    atomic: flags.atomic ? { oldTree: flags['keep-old'] } : null,
    deleteAfter: flags.delete === 'after',
    ...ruleOptions(flags),
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
