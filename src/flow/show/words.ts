/** Numbers, owners and permissions as people read them. */
import { Kind } from '../../base/constants.ts'
import { quoteBytes } from '../../model/escape.ts'
import type { OwnerNames } from '../../model/owners.ts'

/** An integer with its digits in groups of three: `1,234,567`. */
export function formatCount(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** A count with its noun: `1 row`, `2 rows`, `3 directories`. */
export function formatNoun(count: number, noun: string): string {
  return `${formatCount(count)} ${count === 1 ? noun : noun.endsWith('y') ? `${noun.slice(0, -1)}ies` : `${noun}s`}`
}

export function formatBytes(count: number): string {
  return formatNoun(count, 'byte')
}

/** A user by name, or by number where the stream has no name. */
export function formatUser(uid: number, names: OwnerNames): string {
  const name = names.users.get(uid)
  return name === undefined ? String(uid) : quoteBytes(name)
}

export function formatGroup(gid: number, names: OwnerNames): string {
  const name = names.groups.get(gid)
  return name === undefined ? String(gid) : quoteBytes(name)
}

/** KIND_LETTERS[kind] is the letter that ls shows for a kind. */
const KIND_LETTERS = ['?', '-', 'd', 'l', 'p', 's', 'c', 'b'] as const

/** Kind and permissions as ls shows them: `-rwsr-xr-t`. */
export function formatMode(kind: number, mode: number): string {
  return (
    KIND_LETTERS[kind]! +
    formatTriple(mode >> 6, mode & 0o4000, 's') +
    formatTriple(mode >> 3, mode & 0o2000, 's') +
    formatTriple(mode, mode & 0o1000, 't')
  )
}

function formatTriple(bits: number, special: number, letter: string): string {
  const mayExecute = (bits & 1) !== 0
  const last = special === 0 ? (mayExecute ? 'x' : '-') : mayExecute ? letter : letter.toUpperCase()
  return ((bits & 4) !== 0 ? 'r' : '-') + ((bits & 2) !== 0 ? 'w' : '-') + last
}

export function isDevice(kind: number): boolean {
  return kind === Kind.char || kind === Kind.block
}
