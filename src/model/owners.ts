/** Names of owners by number (spec §5.7): looking them up in a batch, and collecting those that its rows mention. */
import type { Owners } from './batch.ts'
import { type BytesColumn, BytesColumnBuilder, bytesAt } from './bytes-column.ts'
import { keyPath, pathKey } from './path.ts'

/** Names by number. */
export type OwnerNames = { users: ReadonlyMap<number, Uint8Array>; groups: ReadonlyMap<number, Uint8Array> }

/** The names of a batch as maps. */
export function ownerNames(owners: Owners | null): OwnerNames {
  if (owners === null) return NO_NAMES
  return { users: namesOf(owners.uids, owners.userNames), groups: namesOf(owners.gids, owners.groupNames) }
}

const NO_NAMES: OwnerNames = { users: new Map(), groups: new Map() }

function namesOf(ids: Uint32Array, names: BytesColumn): Map<number, Uint8Array> {
  const map = new Map<number, Uint8Array>()
  ids.forEach((id, i) => {
    map.set(id, bytesAt(names, i))
  })
  return map
}

/** Collects names; `take()` hands over what one batch mentions and starts anew. */
export class OwnersBuilder {
  #users = new Map<number, string>()
  #groups = new Map<number, string>()

  /** False where the user has another name already. */
  addUser(uid: number, name: Uint8Array): boolean {
    return add(this.#users, uid, name)
  }

  /** False where the group has another name already. */
  addGroup(gid: number, name: Uint8Array): boolean {
    return add(this.#groups, gid, name)
  }

  /** The names in ascending order of their numbers, or null where there are none. */
  take(): Owners | null {
    if (this.#users.size + this.#groups.size === 0) return null
    const users = sorted(this.#users)
    const groups = sorted(this.#groups)
    this.#users = new Map()
    this.#groups = new Map()
    return { uids: users.ids, userNames: users.names, gids: groups.ids, groupNames: groups.names }
  }
}

function add(names: Map<number, string>, id: number, name: Uint8Array): boolean {
  const key = pathKey(name)
  const known = names.get(id)
  if (known === undefined) names.set(id, key)
  return known === undefined || known === key
}

function sorted(names: Map<number, string>): { ids: Uint32Array; names: BytesColumn } {
  const ids = Uint32Array.from(names.keys()).sort()
  const builder = new BytesColumnBuilder()
  for (const id of ids) builder.push(keyPath(names.get(id)!))
  return { ids, names: builder.take() }
}
