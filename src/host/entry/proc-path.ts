/** Paths through /proc/self/fd: a name in an open directory for the calls that have no *at form. Nothing on the way is followed. */
import { existsSync } from 'node:fs'
import { assert } from '../../base/assert.ts'
import { type Address, addressOf } from '../native/libc.ts'

const PREFIX = Buffer.from('/proc/self/fd/')
const SLASH = 0x2f
const BYTES = 4096
const path = new Uint8Array(BYTES)
let pathAddress: Address = 0

/** The address of `/proc/self/fd/<dirFd>/<name>`, NUL-terminated. Valid until the next call of this module. */
export function procName(dirFd: number, name: Uint8Array): Address {
  const start = putNumber(dirFd)
  assert(start + name.length + 2 < BYTES, 'a name fits')
  path[start] = SLASH
  path.set(name, start + 1)
  path[start + 1 + name.length] = 0
  return address()
}

/** The address of `/proc/self/fd/<fd>`: to be followed, it leads to what the descriptor is open on, be it O_PATH. */
export function procFd(fd: number): Address {
  path[putNumber(fd)] = 0
  return address()
}

let isMounted: boolean | null = null

/** False where /proc is not mounted, as in some chroots. */
export function hasProc(): boolean {
  isMounted ??= existsSync('/proc/self/fd')
  return isMounted
}

function address(): Address {
  if (pathAddress === 0) pathAddress = addressOf(path)
  return pathAddress
}

function putNumber(value: number): number {
  path.set(PREFIX)
  const digits = String(value)
  for (let i = 0; i < digits.length; i++) path[PREFIX.length + i] = digits.charCodeAt(i)
  return PREFIX.length + digits.length
}
