/** The few calls that node:fs lacks, for making test trees and for reading them back. Paths are shorter than PATH_MAX. */
import {
  AT_FDCWD,
  AT_SYMLINK_NOFOLLOW,
  Errno,
  errnoName,
  S_IFBLK,
  S_IFCHR,
  S_IFIFO,
  S_IFSOCK,
} from '../../src/host/native/errno.ts'
import { addressOf, libc } from '../../src/host/native/libc.ts'

const modes = { fifo: S_IFIFO, socket: S_IFSOCK, char: S_IFCHR, block: S_IFBLK }

/** Makes a fifo, a socket or a device with mode 0644 (mknod(2)). */
export function makeNode(path: Uint8Array, kind: keyof typeof modes, major: number, minor: number): void {
  const address = terminated(path)
  check(`mknod ${kind}`, path, libc.mknodat(AT_FDCWD, address.at, modes[kind] | 0o644, deviceNumber(major, minor)))
}

/** Device number as makedev(3) packs it. */
function deviceNumber(major: number, minor: number): number {
  return (major >>> 12) * 2 ** 44 + (minor >>> 8) * 2 ** 20 + (major & 0xfff) * 2 ** 8 + (minor & 0xff)
}

/** Sets access and modification time of an entry itself, also of a symlink (utimensat(2)). */
export function setTimes(path: Uint8Array, sec: number, nsec: number): void {
  const times = new BigInt64Array(16)
  times.set([BigInt(sec), BigInt(nsec), BigInt(sec), BigInt(nsec)])
  const address = terminated(path)
  check('utimensat', path, libc.utimensat(AT_FDCWD, address.at, addressOf(times), AT_SYMLINK_NOFOLLOW))
}

/** Sets an extended attribute of an entry itself (lsetxattr(2)). */
export function setXattr(path: Uint8Array, name: string, value: Uint8Array): void {
  const bytes = new Uint8Array(value.length + 128)
  bytes.set(value)
  const address = terminated(path)
  const key = terminated(Buffer.from(name))
  check(`setxattr ${name}`, path, libc.lsetxattr(address.at, key.at, addressOf(bytes), value.length, 0))
}

/** Removes an extended attribute (lremovexattr(2)). */
export function removeXattr(path: Uint8Array, name: string): void {
  const address = terminated(path)
  const key = terminated(Buffer.from(name))
  check(`removexattr ${name}`, path, libc.lremovexattr(address.at, key.at))
}

/** Names, and a value, as they are read. */
const list = Buffer.alloc(1 << 16)
const value = Buffer.alloc(1 << 16)

/** All extended attributes of an entry itself; none where the filesystem has no such thing. */
export function readXattrs(path: Uint8Array): Array<[name: string, value: Buffer]> {
  const address = terminated(path)
  const length = libc.llistxattr(address.at, addressOf(list), list.length)
  if (length < 0 && libc.errno() === Errno.ENOTSUP) return []
  check('llistxattr', path, length)
  const names = list
    .toString('latin1', 0, length)
    .split('\0')
    .filter((name) => name !== '')
  return names.map((name) => [name, readXattr(path, name)])
}

function readXattr(path: Uint8Array, name: string): Buffer {
  const address = terminated(path)
  const key = terminated(Buffer.from(name, 'latin1'))
  const length = libc.lgetxattr(address.at, key.at, addressOf(value), value.length)
  if (length < 0 && libc.errno() === Errno.EACCES) return Buffer.from('unreadable')
  check(`lgetxattr ${name}`, path, length)
  return Buffer.from(value.subarray(0, length))
}

/** A NUL-terminated copy; the array is returned with its address, so that it lives as long. */
function terminated(bytes: Uint8Array): { at: number; bytes: Uint8Array } {
  const copy = new Uint8Array(bytes.length + 128)
  copy.set(bytes)
  return { at: addressOf(copy), bytes: copy }
}

function check(call: string, path: Uint8Array, result: number): void {
  if (result >= 0) return
  const code = errnoName(libc.errno())
  throw Object.assign(new Error(`${call} ${Buffer.from(path).toString()}: ${code}`), { code })
}
