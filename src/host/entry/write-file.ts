/** Writing the bytes of a new file: all of a piece, holes left out, data of another file copied with its holes. */

import { decodeHoles, firstHoleBehind, type Hole } from '../../model/holes.ts'
import { check, hostError, retry } from '../native/call.ts'
import { Errno, FICLONE, SEEK_DATA, SEEK_HOLE } from '../native/errno.ts'
import { addressOf, libc } from '../native/libc.ts'
import { readAt, readBuffer } from './see.ts'
import { isZero } from './zeros.ts'

/** Short pieces are copied to a buffer whose address is known. */
const SCRATCH_BYTES = 16384
const scratch = new Uint8Array(SCRATCH_BYTES)
let scratchAddress = 0

/** Writes all of `bytes` at `offset`. @throws HostError */
export function writeAt(fd: number, bytes: Uint8Array, offset: number, path: Uint8Array): void {
  writeRange(fd, addressOfBytes(bytes), bytes.length, offset, path)
}

function addressOfBytes(bytes: Uint8Array): number {
  if (bytes.length > SCRATCH_BYTES) return addressOf(bytes)
  if (scratchAddress === 0) scratchAddress = addressOf(scratch)
  scratch.set(bytes)
  return scratchAddress
}

/** The same for `size` bytes at an address. @throws HostError */
export function writeRange(fd: number, address: number, size: number, offset: number, path: Uint8Array): void {
  for (let done = 0; done < size; ) {
    const length = libc.pwrite(fd, address + done, size - done, offset + done)
    if (length > 0) done += length
    else if (length === 0) throw noSpace(path)
    else if (libc.errno() !== Errno.EINTR) throw hostError('pwrite', path)
  }
}

/** A write of nothing means that there is no room (write(2) of some devices and network filesystems). */
function noSpace(path: Uint8Array): Error {
  libc.setErrno(Errno.ENOSPC)
  return hostError('pwrite', path)
}

/** Writes a piece of a sparse file: what lies in a hole and is zero is left out. @throws HostError */
export function writeAround(fd: number, bytes: Uint8Array, offset: number, holes: Hole[], path: Uint8Array): void {
  const end = offset + bytes.length
  let at = offset
  for (let h = firstHoleBehind(holes, offset); h < holes.length && holes[h]!.offset < end; h++) {
    const from = Math.max(holes[h]!.offset, offset)
    const to = Math.min(holes[h]!.offset + holes[h]!.length, end)
    // The map comes with the stream, as a hint: bytes are what counts.
    if (!isZero(bytes.subarray(from - offset, to - offset))) continue
    if (from > at) writeAt(fd, bytes.subarray(at - offset, from - offset), at, path)
    at = to
  }
  if (at < end) writeAt(fd, bytes.subarray(at - offset), at, path)
}

/** The holes of an encoded map, as `writeAround` takes them. */
export function holesOf(encoded: Uint8Array): Hole[] {
  return encoded.length === 0 ? [] : decodeHoles(encoded)
}

/** Gives a file its size where it ends in a hole. @throws HostError */
export function setSize(fd: number, size: number, path: Uint8Array): void {
  check('ftruncate', path, () => libc.ftruncate(fd, size))
}

/** Copies all of a file into an empty one on the same filesystem: shared blocks where it can, holes as holes. @throws HostError */
export function copyFile(inFd: number, outFd: number, size: number, path: Uint8Array): void {
  if (!cloneFile(inFd, outFd)) copyBytes(inFd, outFd, size, path)
}

/** Gives an empty file the blocks of another, which both share until one is written to. False where that cannot be. */
export function cloneFile(inFd: number, outFd: number): boolean {
  return retry(() => libc.ioctl(outFd, FICLONE, inFd)) === 0
}

/** Copies the bytes of a file into an empty one, holes as holes. @throws HostError */
export function copyBytes(inFd: number, outFd: number, size: number, path: Uint8Array): void {
  for (let at = 0; at < size; ) {
    const data = libc.lseek(inFd, at, SEEK_DATA)
    // ENXIO: no data up to the end.
    if (data === -1 && libc.errno() === Errno.ENXIO) break
    const start = data === -1 ? at : data
    const hole = data === -1 ? size : libc.lseek(inFd, start, SEEK_HOLE)
    const end = hole === -1 || hole > size ? size : hole
    copyRange(inFd, outFd, start, end, path)
    at = Math.max(end, at + 1)
  }
  setSize(outFd, size, path)
}

function copyRange(inFd: number, outFd: number, start: number, end: number, path: Uint8Array): void {
  const { bytes, address } = readBuffer()
  for (let at = start; at < end; ) {
    const length = readAt(inFd, address, Math.min(bytes.length, end - at), at, path)
    // RACE: a file that has become shorter; its other bytes are gone, and the check of the target says so.
    if (length === 0) return
    writeRange(outFd, address, length, at, path)
    at += length
  }
}
