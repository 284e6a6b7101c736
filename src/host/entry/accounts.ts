/** Names of users and groups by number and the other way round (getpwuid_r(3), getgrgid_r(3) and their like). */
import { Limits } from '../../base/constants.ts'
import { nameAddress } from '../native/c-string.ts'
import { Errno } from '../native/errno.ts'
import { type Address, addressOf, libc } from '../native/libc.ts'

export type Accounts = {
  /** The user's name; null where there is none. What was asked once is remembered. */
  userName(uid: number): Uint8Array | null
  groupName(gid: number): Uint8Array | null
  /** The user's number; null where there is no such user. */
  userId(name: Uint8Array): number | null
  groupId(name: Uint8Array): number | null
}

/**
 * struct passwd and struct group of 64-bit C libraries: both begin with the address of the name and that of the password, then
 * comes the number.
 */
const RECORD_BYTES = 128
const ID_OFFSET = 16
/** A group's members are listed in the buffer too; no group is larger than this. */
const BUFFER_BYTES_MAX = 64 << 20

type Call = (record: Address, buffer: Address, size: number, result: Address) => number

export function createAccounts(): Accounts {
  const record = new BigUint64Array(RECORD_BYTES / 8)
  const recordAddress = addressOf(record)
  const result = new BigUint64Array(16)
  const resultAddress = addressOf(result)
  let buffer = new Uint8Array(4096)
  let bufferAddress = addressOf(buffer)

  /** True where there is such a record; it is then in `record` and `buffer`. */
  function find(call: Call): boolean {
    for (;;) {
      result[0] = 0n
      const errno = call(recordAddress, bufferAddress, buffer.length, resultAddress)
      if (errno === Errno.ERANGE && buffer.length < BUFFER_BYTES_MAX) {
        buffer = new Uint8Array(buffer.length * 4)
        bufferAddress = addressOf(buffer)
      } else if (errno !== Errno.EINTR) {
        return errno === 0 && result[0] !== 0n
      }
    }
  }

  function nameFound(call: Call): Uint8Array | null {
    if (!find(call)) return null
    const start = Number(record[0]!) - bufferAddress
    const end = start < 0 || start >= buffer.length ? -1 : buffer.indexOf(0, start)
    // A name that no stream can hold is none.
    return end <= start || end - start > Limits.nameBytesMax ? null : buffer.slice(start, end)
  }

  function idFound(call: Call): number | null {
    return find(call) ? new Uint32Array(record.buffer)[ID_OFFSET / 4]! : null
  }

  const users = new Map<number, Uint8Array | null>()
  const groups = new Map<number, Uint8Array | null>()
  return {
    userName: (uid) => remembered(users, uid, () => nameFound((...rest) => libc.getpwuid_r(uid, ...rest))),
    groupName: (gid) => remembered(groups, gid, () => nameFound((...rest) => libc.getgrgid_r(gid, ...rest))),
    userId: (name) => idFound((...rest) => libc.getpwnam_r(nameAddress(name), ...rest)),
    groupId: (name) => idFound((...rest) => libc.getgrnam_r(nameAddress(name), ...rest)),
  }
}

function remembered<T>(known: Map<number, T>, id: number, find: () => T): T {
  const found = known.get(id)
  if (found !== undefined || known.has(id)) return found as T
  const value = find()
  known.set(id, value)
  return value
}
