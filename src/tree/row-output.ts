/** Where the verbs of a changeset put their rows: batches cut by the cut rule, with the names of the owners they mention. */
import { Kind } from '../base/constants.ts'
import { type Batch, BatchBuilder } from '../model/batch.ts'
import { bytesAt, startOf } from '../model/bytes-column.ts'
import type { Entries } from '../model/entries.ts'
import { OwnersBuilder, ownerNames } from '../model/owners.ts'
import { splitPath } from '../model/path.ts'

export class RowOutput {
  readonly builder = new BatchBuilder()
  rowCount = 0
  #batches: Batch[] = []
  /** Names of the owners that the input mentions: few, however many rows there are. */
  readonly #users = new Map<number, Uint8Array>()
  readonly #groups = new Map<number, Uint8Array>()
  #batch: Batch | null = null
  #d = -1
  #dir: Uint8Array = new Uint8Array(0)

  /** Learns the owners of an input batch; where two trees name them differently, the tree after is right. */
  learnOwners(batch: Batch, side: 'before' | 'after'): void {
    if (batch.owners === null) return
    const { users, groups } = ownerNames(batch.owners)
    learn(this.#users, users, side === 'after')
    learn(this.#groups, groups, side === 'after')
  }

  /** Starts a row at the path of row i, which lies in directory d of `batch`; its sides are set through the builder. */
  startRow(batch: Batch, d: number, i: number): number {
    if (batch !== this.#batch || d !== this.#d) {
      this.#batch = batch
      this.#d = d
      this.#dir = bytesAt(batch.dirs, d)
    }
    return this.builder.addRowRange(this.#dir, batch.names.heap, startOf(batch.names, i), batch.names.ends[i]!)
  }

  /** Starts a row at a path. */
  startPath(path: Uint8Array): number {
    const { dir, name } = splitPath(path)
    return this.builder.addRow(dir, name)
  }

  endRow(): void {
    this.rowCount++
    if (this.builder.isFull) this.#cut()
  }

  /** The batches that are complete; with `isLast` also what is left. */
  take(isLast: boolean): Batch[] {
    if (isLast) this.#cut()
    const batches = this.#batches
    this.#batches = []
    return batches
  }

  #cut(): void {
    const batch = this.builder.take()
    if (batch === null) return
    if (this.#users.size + this.#groups.size > 0) batch.owners = this.#ownersOf(batch)
    this.#batches.push(batch)
  }

  #ownersOf(batch: Batch): Batch['owners'] {
    const owners = new OwnersBuilder()
    for (const entries of [batch.before, batch.after, batch.seen]) {
      if (entries !== null) this.#addOwners(owners, entries)
    }
    return owners.take()
  }

  #addOwners(owners: OwnersBuilder, entries: Entries): void {
    let uid = -1
    let gid = -1
    for (let i = 0; i < entries.count; i++) {
      if (entries.kind[i] === Kind.absent) continue
      if (entries.uid[i] !== uid) {
        uid = entries.uid[i]!
        const name = this.#users.get(uid)
        if (name !== undefined) owners.addUser(uid, name)
      }
      if (entries.gid[i] !== gid) {
        gid = entries.gid[i]!
        const name = this.#groups.get(gid)
        if (name !== undefined) owners.addGroup(gid, name)
      }
    }
  }
}

function learn(known: Map<number, Uint8Array>, names: ReadonlyMap<number, Uint8Array>, isRight: boolean): void {
  if (known.size > NAMES_MAX) known.clear()
  for (const [id, name] of names) if (isRight || !known.has(id)) known.set(id, name.slice())
}

/** No system has as many owners; a stream that does loses some of their names, which are hints. */
const NAMES_MAX = 65536
