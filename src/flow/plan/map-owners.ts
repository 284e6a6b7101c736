/**
 * Owners of another host as numbers of this one: as the user says, or by name, where a number becomes the one that the same
 * name has here. Both sides of a row are mapped: the target was made by the same rules. Rows of a touch have owners of this
 * host already.
 */
import { RefusedError } from '../../base/errors.ts'
import { type Accounts, createAccounts } from '../../host/entry/accounts.ts'
import type { Batch } from '../../model/batch.ts'
import type { Entries } from '../../model/entries.ts'
import { ownerNames } from '../../model/owners.ts'

export type OwnerRule = {
  kind: 'user' | 'group'
  /** A number, a name as recorded, or null for all. */
  from: number | string | null
  to: number
}

export type OwnerMap = {
  /** The batch with its owners as numbers of this host; the same batch where they are. */
  map(batch: Batch): Batch
}

/** Finds the number of this host for one of the stream; the same number where nothing else is known. */
type FindId = (id: number) => number

/**
 * Names that are not known here, at most. To find that out takes the system a millisecond each, or a question to a server:
 * a stream of endless names must not buy endless time.
 */
export const UNKNOWN_NAMES_MAX = 1000

/**
 * Without a rule that matches, numbers without a name, names that are not known here, and the superuser stay as they are.
 * @param byName whether names count where no rule matches
 * @returns a map that throws RefusedError `unknown-owners` where it is given too many names that nobody knows
 */
export function createOwnerMap(rules: readonly OwnerRule[], byName: boolean): OwnerMap {
  const accounts = createAccounts()
  const findLocal = { user: createNameFinder(accounts.userId), group: createNameFinder(accounts.groupId) }
  const find = (kind: 'user' | 'group', names: ReadonlyMap<number, Uint8Array>): FindId => {
    const ruled = rules.filter((rule) => rule.kind === kind)
    return (id) => {
      const bytes = names.get(id)
      const name = bytes === undefined ? null : Buffer.from(bytes).toString('latin1')
      for (const { from, to } of ruled) if (from === null || from === id || from === name) return to
      return !byName || bytes === undefined || id === 0 ? id : (findLocal[kind](bytes) ?? id)
    }
  }
  return {
    map(batch) {
      const names = ownerNames(batch.owners)
      const mapUser = remembered(find('user', names.users))
      const mapGroup = remembered(find('group', names.groups))
      const { touched } = batch
      const before = mapEntries(batch.before, touched, mapUser, mapGroup)
      const after = mapEntries(batch.after, touched, mapUser, mapGroup)
      if (before === batch.before && after === batch.after && touched === null) return batch
      // The names are those of the old numbers, and not of those that a touch has found here.
      return { ...batch, before, after, owners: null }
    },
  }
}

/** Looks names up, each once. @throws RefusedError `unknown-owners` from the finder */
function createNameFinder(find: Accounts['userId']): (name: Uint8Array) => number | null {
  const known = new Map<string, number | null>()
  let unknownCount = 0
  return (name) => {
    const key = Buffer.from(name).toString('latin1')
    let local = known.get(key)
    if (local === undefined) {
      local = find(name)
      if (local === null && ++unknownCount > UNKNOWN_NAMES_MAX) {
        throw new RefusedError('unknown-owners', `more than ${UNKNOWN_NAMES_MAX} owners are not known here by name`)
      }
      known.set(key, local)
    }
    return local
  }
}

/** A batch has few owners. */
function remembered(find: FindId): FindId {
  const found = new Map<number, number>()
  return (id) => {
    let to = found.get(id)
    if (to === undefined) {
      to = find(id)
      found.set(id, to)
    }
    return to
  }
}

/** The same entries where no owner changes. */
function mapEntries(
  entries: Entries | null,
  touched: Batch['touched'],
  mapUser: FindId,
  mapGroup: FindId,
): Entries | null {
  if (entries === null) return null
  const uid = mapColumn(entries, entries.uid, touched, mapUser)
  const gid = mapColumn(entries, entries.gid, touched, mapGroup)
  return uid === entries.uid && gid === entries.gid ? entries : { ...entries, uid, gid }
}

function mapColumn({ kind, count }: Entries, column: Uint32Array, touched: Batch['touched'], map: FindId): Uint32Array {
  let mapped = column
  for (let i = 0; i < count; i++) {
    if (kind[i] === 0 || touched?.[i] === 1) continue
    const to = map(column[i]!)
    if (to === column[i]) continue
    if (mapped === column) mapped = column.slice()
    mapped[i] = to
  }
  return mapped
}
