/** What a stream of unknown origin may not bring: each such row is named, and nothing is then done. */
import { Kind } from '../../base/constants.ts'
import type { Privileges } from '../../host/entry/privileges.ts'
import { addProblem, type Findings } from '../../host/target/findings.ts'
import { type Batch, forEachRow, pathAt } from '../../model/batch.ts'
import { bytesAt, optionalBytesAt } from '../../model/bytes-column.ts'
import type { Entries } from '../../model/entries.ts'
import { decodeXattrs } from '../../model/xattrs.ts'

/** Adds a problem `refused` for each row that brings what only a trusted stream may. */
export function refuseUntrusted(batch: Batch, privileges: Privileges, findings: Findings): void {
  const { after, touched } = batch
  if (after === null) return
  forEachRow(batch, (d, i) => {
    // A row of a touch brings nothing but a time.
    if (after.kind[i] === Kind.absent || touched?.[i] === 1) return
    for (const what of violations(after, i, privileges, depthOf(bytesAt(batch.dirs, d)))) {
      addProblem(findings, 'refused', pathAt(batch, d, i), what)
    }
  })
}

const SETUID = 0o4000
const SETGID = 0o2000
const SLASH = 0x2f

/** @param depth directories between the root and the entry */
function* violations(after: Entries, i: number, privileges: Privileges, depth: number): Iterable<string> {
  const kind = after.kind[i]!
  if (kind === Kind.char || kind === Kind.block) yield 'a device'
  if ((after.mode[i]! & (SETUID | SETGID)) !== 0) yield 'setuid or setgid'
  if (after.uid[i] !== privileges.uid || !privileges.groups.has(after.gid[i]!)) yield 'a foreign owner'
  if (kind === Kind.symlink && leadsOut(optionalBytesAt(after.target, i), depth)) yield 'a symlink that leads out'
  for (const { name } of decodeXattrs(optionalBytesAt(after.xattrs, i))) {
    const text = Buffer.from(name).toString('latin1')
    if (text.startsWith('security.') || text.startsWith('trusted.')) yield `the attribute ${text}`
  }
}

function depthOf(dir: Uint8Array): number {
  if (dir.length === 0) return 0
  let depth = 1
  for (const byte of dir) if (byte === SLASH) depth++
  return depth
}

/**
 * True for a target that is absolute or may climb above the root. '..' counts only at its beginning: behind a name, which
 * may itself be a symlink, nobody knows where it leads.
 */
function leadsOut(target: Uint8Array, depth: number): boolean {
  if (target[0] === SLASH) return true
  let left = depth
  let isBehindName = false
  for (const name of Buffer.from(target).toString('latin1').split('/')) {
    if (name === '' || name === '.') continue
    if (name !== '..') isBehindName = true
    else if (isBehindName || left-- === 0) return true
  }
  return false
}
