/** In what two entries of one path differ, as words: `content, size 1,204 -> 1,310, mode 0644 -> 0755`. */
import { Kind } from '../../base/constants.ts'
import type { Entry } from '../../model/entries.ts'
import { quoteBytes, quotePath } from '../../model/escape.ts'
import type { OwnerNames } from '../../model/owners.ts'
import { compareBytes, pathKey } from '../../model/path.ts'
import { formatDate, formatDateFull } from '../../model/time.ts'
import { kindWords } from '../../model/words.ts'
import { decodeXattrs } from '../../model/xattrs.ts'
import { formatCount, formatGroup, formatUser, isDevice } from './words.ts'

/** What changed between two entries, most important first; `needsContent` says whether contents count as changed. */
export function describeChanges(before: Entry, after: Entry, needsContent: boolean, names: OwnerNames): string[] {
  const changes: string[] = []
  if (before.kind !== after.kind) changes.push(`type ${kindWords[before.kind]} -> ${kindWords[after.kind]}`)
  else describeSameKind(changes, before, after, needsContent)
  if (before.mode !== after.mode) changes.push(`mode ${octal(before.mode)} -> ${octal(after.mode)}`)
  if (before.uid !== after.uid || before.gid !== after.gid) {
    changes.push(`owner ${owner(before, names)} -> ${owner(after, names)}`)
  }
  if (before.mtimeSec !== after.mtimeSec || before.mtimeNsec !== after.mtimeNsec)
    changes.push(describeTimes(before, after))
  if (compareBytes(before.xattrs, after.xattrs) !== 0)
    changes.push(`xattrs ${describeXattrs(before.xattrs, after.xattrs)}`)
  if (compareBytes(before.link, after.link) !== 0) changes.push(describeLink(before.link, after.link))
  return changes
}

function describeSameKind(changes: string[], before: Entry, after: Entry, needsContent: boolean): void {
  if (before.kind === Kind.file) {
    const isKnown = before.size !== after.size || (before.content.length > 0 && after.content.length > 0)
    if (needsContent) changes.push(isKnown ? 'content' : 'maybe content')
    if (before.size !== after.size) changes.push(`size ${formatCount(before.size)} -> ${formatCount(after.size)}`)
  }
  if (compareBytes(before.target, after.target) !== 0) {
    changes.push(`target ${quoteBytes(before.target)} -> ${quoteBytes(after.target)}`)
  }
  if (isDevice(before.kind) && (before.rdevMajor !== after.rdevMajor || before.rdevMinor !== after.rdevMinor)) {
    changes.push(`device ${formatDevice(before)} -> ${formatDevice(after)}`)
  }
}

export function formatDevice(entry: Entry): string {
  return `${entry.rdevMajor}:${entry.rdevMinor}`
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0')
}

function owner(entry: Entry, names: OwnerNames): string {
  return `${formatUser(entry.uid, names)}:${formatGroup(entry.gid, names)}`
}

/** Times to the second, and to the nanosecond where the seconds are equal. */
function describeTimes(before: Entry, after: Entry): string {
  if (before.mtimeSec !== after.mtimeSec) return `mtime ${formatDate(before.mtimeSec)} -> ${formatDate(after.mtimeSec)}`
  const fraction = String(after.mtimeNsec).padStart(9, '0')
  return `mtime ${formatDateFull(before.mtimeSec, before.mtimeNsec)} -> .${fraction}`
}

const XATTR_NAMES_MAX = 4

/** Names of attributes that came (+), went (-) or have another value (~), the first few of them. */
function describeXattrs(before: Uint8Array, after: Uint8Array): string {
  const old = new Map(decodeXattrs(before).map(({ name, value }) => [pathKey(name), value]))
  const changes: string[] = []
  for (const { name, value } of decodeXattrs(after)) {
    const was = old.get(pathKey(name))
    old.delete(pathKey(name))
    if (was === undefined) changes.push(`+${quoteBytes(name)}`)
    else if (compareBytes(was, value) !== 0) changes.push(`~${quoteBytes(name)}`)
  }
  for (const key of old.keys()) changes.push(`-${quoteBytes(Buffer.from(key, 'latin1'))}`)
  const more = changes.length - XATTR_NAMES_MAX
  return changes.slice(0, XATTR_NAMES_MAX).join(' ') + (more > 0 ? ` and ${more} more` : '')
}

function describeLink(before: Uint8Array, after: Uint8Array): string {
  if (after.length === 0) return `no longer linked to ${quotePath(before)}`
  return before.length === 0 ? 'now linked' : `was linked to ${quotePath(before)}`
}
