/** Owners by name: looked up once each, and not for ever where a stream has names without end. */
import { describe, expect, it } from 'vitest'
import { Kind } from '../../../src/base/constants.ts'
import { createOwnerMap, type OwnerRule, UNKNOWN_NAMES_MAX } from '../../../src/flow/plan/map-owners.ts'
import { libc } from '../../../src/host/native/libc.ts'
import { type Batch, BatchBuilder } from '../../../src/model/batch.ts'
import { EMPTY } from '../../../src/model/bytes-column.ts'
import { OwnersBuilder } from '../../../src/model/owners.ts'

/** A row for each user, whose name is made of the number. */
function batchOf(uids: readonly number[]): Batch {
  const builder = new BatchBuilder()
  const owners = new OwnersBuilder()
  const file = { kind: Kind.file, mode: 0o644, gid: 0, size: 0, mtimeSec: 0, mtimeNsec: 0, rdevMajor: 0, rdevMinor: 0 }
  const none = { content: EMPTY, target: EMPTY, link: EMPTY, moved: EMPTY, xattrs: EMPTY, hint: null }
  for (const uid of uids) {
    const index = builder.addRow(EMPTY, Buffer.from(String(uid).padStart(9, '0')))
    builder.after.set(index, { ...file, ...none, uid })
    owners.addUser(uid, Buffer.from(`no-such-user-${uid}`))
  }
  return { ...builder.take()!, owners: owners.take() }
}

const numbers = (from: number, count: number): number[] => Array.from({ length: count }, (_, k) => from + k)

describe('rows of a touch', () => {
  it('have owners of this host, which no rule and no recorded name is for', () => {
    const batch = { ...batchOf([1, 2, 1]), touched: Uint8Array.of(0, 0, 1) }
    const rules: OwnerRule[] = [
      { kind: 'user', from: 1, to: 2 },
      { kind: 'user', from: 2, to: 3 },
    ]
    const { after, owners } = createOwnerMap(rules, true).map(batch)
    expect([...after!.uid]).toEqual([2, 3, 1])
    expect(owners).toBeNull()
  })
})

describe('names that are not known here', () => {
  it('leave the numbers as they are, and are asked for once', () => {
    const { getpwnam_r } = libc
    let count = 0
    libc.getpwnam_r = () => {
      count++
      return 0
    }
    try {
      const map = createOwnerMap([], true)
      for (let k = 0; k < 3; k++) {
        const batch = batchOf(numbers(5000, UNKNOWN_NAMES_MAX))
        expect(map.map(batch)).toBe(batch)
      }
    } finally {
      libc.getpwnam_r = getpwnam_r
    }
    expect(count).toBe(UNKNOWN_NAMES_MAX)
  })

  it('are refused where there are too many, unless numbers count or a rule says who they are', () => {
    const batches = [1, 2].map((k) => batchOf(numbers(k * 100_000, UNKNOWN_NAMES_MAX)))
    const mapAll = (rules: readonly OwnerRule[], byName: boolean) => () => {
      const map = createOwnerMap(rules, byName)
      for (const batch of batches) map.map(batch)
    }
    expect(mapAll([], true)).toThrow(/more than 1000 owners are not known here/)
    expect(mapAll([], false)).not.toThrow()
    expect(mapAll([{ kind: 'user', from: null, to: 7 }], true)).not.toThrow()
  })
})
