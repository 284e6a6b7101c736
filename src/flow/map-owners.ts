/**
 * Owners of another host as numbers of this one: as the user says, or by name, where a number becomes the one that the same
 * name has here. Both sides of a row are mapped: the target was made by the same rules.
 */
import { type Accounts, createAccounts } from '../host/accounts.ts'
import type { Batch } from '../model/batch.ts'
import type { Entries } from '../model/entries.ts'
import { ownerNames } from '../model/owners.ts'

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
 * Without a rule that matches, numbers without a name, names that are not known here, and the superuser stay as they are.
 * @param byName whether names count where no rule matches
 */
export function createOwnerMap(rules: readonly OwnerRule[], byName: boolean): OwnerMap {
  const accounts = createAccounts()
  const known = { user: new Map<string, number>(), group: new Map<string, number>() }
  const find = (kind: 'user' | 'group', names: ReadonlyMap<number, Uint8Array>): FindId => {
    const ruled = rules.filter((rule) => rule.kind === kind)
    return (id) => {
      const bytes = names.get(id)
      const name = bytes === undefined ? null : Buffer.from(bytes).toString('latin1')
      for (const { from, to } of ruled) if (from === null || from === id || from === name) return to
      return !byName || bytes === undefined || id === 0 ? id : localId(accounts, known[kind], kind, bytes, id)
    }
  }
  return {
    map(batch) {
      const names = ownerNames(batch.owners)
      const mapUser = remembered(find('user', names.users))
      const mapGroup = remembered(find('group', names.groups))
      const before = mapEntries(batch.before, mapUser, mapGroup)
      const after = mapEntries(batch.after, mapUser, mapGroup)
      if (before === batch.before && after === batch.after) return batch
      // The names are those of the old numbers.
      return { ...batch, before, after, owners: null }
    },
  }
}

function localId(
  accounts: Accounts,
  known: Map<string, number>,
  kind: 'user' | 'group',
  name: Uint8Array,
  id: number,
): number {
  const key = Buffer.from(name).toString('latin1')
  let local = known.get(key)
  if (local === undefined) {
    local = (kind === 'user' ? accounts.userId(name) : accounts.groupId(name)) ?? -1
    known.set(key, local)
  }
  return local === -1 ? id : local
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
function mapEntries(entries: Entries | null, mapUser: FindId, mapGroup: FindId): Entries | null {
  if (entries === null) return null
  const uid = mapColumn(entries, entries.uid, mapUser)
  const gid = mapColumn(entries, entries.gid, mapGroup)
  return uid === entries.uid && gid === entries.gid ? entries : { ...entries, uid, gid }
}

function mapColumn({ kind, count }: Entries, column: Uint32Array, map: FindId): Uint32Array {
  let mapped = column
  for (let i = 0; i < count; i++) {
    if (kind[i] === 0) continue
    const to = map(column[i]!)
    if (to === column[i]) continue
    if (mapped === column) mapped = column.slice()
    mapped[i] = to
  }
  return mapped
}
