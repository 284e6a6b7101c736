/** Room on a filesystem (statfs(2)). */
import { retry } from '../native/call.ts'
import { addressOf, libc } from '../native/libc.ts'

/** struct statfs of 64-bit systems: numbers of 8 bytes, the second the size of a block, the fifth how many are free for this process of those that the third tells. */
const record = new BigInt64Array(32)
const BLOCK_BYTES = 1
const BLOCKS = 2
const FREE_BLOCKS = 4

/** Bytes that this process can still write; null where the system does not tell. */
export function freeBytesOf(fd: number): number | null {
  if (retry(() => libc.fstatfs(fd, addressOf(record))) !== 0 || record[BLOCKS] === 0n) return null
  return Number(record[BLOCK_BYTES]! * record[FREE_BLOCKS]!)
}
