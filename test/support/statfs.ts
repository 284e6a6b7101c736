/** Filesystems that are not there: what statfs(2) answers of every one is changed until a test ends. */
import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { afterEach } from 'vitest'
import { libc } from '../../src/host/native/libc.ts'
import { makeTempDir } from './temp-dir.ts'

export const FAT = 0x4d44
export const EXFAT = 0x2011bab0
export const HFSPLUS = 0x482b
export const TMPFS = 0x01021994

/** Fields of struct statfs by their place, in units of 8 bytes. */
const Field = { type: 0, blocks: 2, bfree: 3, bavail: 4, files: 5, ffree: 6, namelen: 8, flags: 10 }

const { fstatfs } = libc
afterEach(() => Object.assign(libc, { fstatfs }))

/** Lets statfs say something else of every filesystem. */
export function pretend(fields: Partial<Record<keyof typeof Field, number>>): void {
  libc.fstatfs = (fd, buffer) => {
    const result = fstatfs(fd, buffer)
    for (const [name, value] of Object.entries(fields)) poke(buffer + 8 * Field[name as keyof typeof Field], value)
    return result
  }
}

/** Writes a number of 8 bytes to an address of this process, by reading it from a file. */
export function poke(address: number, value: number): void {
  const dir = makeTempDir()
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64LE(BigInt(value))
  writeFileSync(`${dir}/value`, bytes)
  const fd = openSync(`${dir}/value`, 'r')
  libc.pread(fd, address, 8, 0)
  closeSync(fd)
  rmSync(dir, { recursive: true })
}
