/** Pipes: what they hold, and whether somebody would have to wait at them. */
import { F_GETPIPE_SZ, F_SETPIPE_SZ, FIONREAD, POLLIN } from '../native/errno.ts'
import { addressOf, libc } from '../native/libc.ts'

/** What anyone may ask for (pipe(7)). */
const PIPE_BYTES = 1 << 20

/** Gives a pipe more room, so that neither of its ends waits often for the other. What is no pipe stays as it is. */
export function widenPipe(fd: number): void {
  libc.fcntl(fd, F_SETPIPE_SZ, PIPE_BYTES)
}

/** A pipe's room in bytes, wider than it was where that is not enough; -1 of what is no pipe. */
function roomFor(bytes: number, fd: number): number {
  const room = libc.fcntl(fd, F_GETPIPE_SZ, 0)
  if (room === -1 || room >= bytes || bytes > PIPE_BYTES) return room
  widenPipe(fd)
  return libc.fcntl(fd, F_GETPIPE_SZ, 0)
}

/** A struct pollfd, or an int. */
const record = new Uint8Array(72)
const view = new DataView(record.buffer)

/** True where a read would not wait: there are bytes, or it is the end. */
export function isReadable(fd: number): boolean {
  view.setInt32(0, fd, true)
  view.setInt16(4, POLLIN, true)
  return libc.poll(addressOf(record), 1, 0) === 1
}

/** What a pipe takes without waiting for its reader, as long as nobody else writes to it. */
export type PipeRoom = {
  /** True where there is room for so many bytes, which are then written. */
  take(bytes: number): boolean
}

/** There is none in what is no pipe. */
export function createPipeRoom(fd: number): PipeRoom {
  let left = 0
  return {
    take(bytes) {
      // What is written at once begins a page of its own at worst.
      const needed = Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES
      if (needed > left) left = heldBytes(fd) === 0 ? roomFor(needed, fd) : 0
      if (needed > left) return false
      left -= needed
      return true
    },
  }
}

/** Pipes are made of pages; no machine that Node runs on has larger ones. */
const PAGE_BYTES = 1 << 16

function heldBytes(fd: number): number {
  return libc.ioctl(fd, FIONREAD, addressOf(record)) === 0 ? view.getInt32(0, true) : -1
}
