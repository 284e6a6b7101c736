/** Changes of permission bits as chmod(1) writes them, for files and directories apart: `D755,F644`, `go-w`, `Fa-x`, `u+X`. */
import { UsageError } from '../../base/errors.ts'

export type ModeRule = {
  on: 'all' | 'directories' | 'files'
  /** Bits that are cleared, then bits that are set. */
  clear: number
  set: number
  /** Execute bits that are set where the entry is a directory or may be executed by anybody. */
  setIfExecutable: number
}

const who: Readonly<Record<string, number>> = { u: 0o4700, g: 0o2070, o: 0o1007, a: 0o7777 }
const permissions: Readonly<Record<string, number>> = { r: 0o444, w: 0o222, x: 0o111, s: 0o6000, t: 0o1000 }
const EXECUTE = 0o111

/** @throws UsageError */
export function parseModeRules(text: string): ModeRule[] {
  return text.split(',').map((part) => {
    const on = part.startsWith('D') ? 'directories' : part.startsWith('F') ? 'files' : 'all'
    const change = on === 'all' ? part : part.slice(1)
    if (/^[0-7]{1,4}$/.test(change)) {
      return { on, clear: 0o7777, set: Number.parseInt(change, 8), setIfExecutable: 0 }
    }
    return { on, ...parseSymbolic(change, part) }
  })
}

function parseSymbolic(change: string, part: string): Omit<ModeRule, 'on'> {
  const match = /^([ugoa]*)([-+=])([rwxXst]*)$/.exec(change)
  if (match === null)
    throw new UsageError('chmod', `'${part}' is no change of modes; write D755, F644, go-w or the like`)
  const [, letters, sign, what] = match as unknown as [string, string, string, string]
  const owners = letters === '' ? 0o7777 : [...letters].reduce((bits, letter) => bits | who[letter]!, 0)
  const bits = [...what].reduce((all, letter) => all | (permissions[letter] ?? 0), 0) & owners
  const executable = what.includes('X') ? EXECUTE & owners : 0
  if (sign === '-') return { clear: bits | executable, set: 0, setIfExecutable: 0 }
  return { clear: sign === '=' ? owners & 0o777 : 0, set: bits, setIfExecutable: executable }
}

/** The mode after all rules, in their order. */
export function changeMode(rules: readonly ModeRule[], mode: number, isDirectory: boolean): number {
  let changed = mode
  for (const { on, clear, set, setIfExecutable } of rules) {
    if (on !== 'all' && (on === 'directories') !== isDirectory) continue
    const isExecutable = isDirectory || (changed & EXECUTE) !== 0
    changed = (changed & ~clear) | set | (isExecutable ? setIfExecutable : 0)
  }
  return changed
}
