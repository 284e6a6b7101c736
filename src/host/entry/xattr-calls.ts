/**
 * Three ways to the extended attributes of a name in an open directory, none of which follows a symlink: the *at calls of
 * Linux 6.13; the working directory, where a thread has one of its own; /proc/self/fd, at twice the price.
 */
import { nameAddress } from '../native/c-string.ts'
import { AT_SYMLINK_NOFOLLOW, Errno } from '../native/errno.ts'
import { type Address, addressOf, libc } from '../native/libc.ts'

/** A name is given by its address and as heap[start..end); a NUL follows it. It is one of the directory entered last. */
export type XattrCalls = {
  /** Says which directory the names are in. 0, or -1 with errno. */
  enter(dirFd: number): number
  /** As listxattr(2): bytes of the list, or -1 with errno. */
  list(name: Address, heap: Uint8Array, start: number, end: number, buffer: Address, size: number): number
  /** As getxattr(2), of the name that was listed last: bytes of the value, or -1 with errno. */
  get(name: Address, attribute: Address, buffer: Address, size: number): number
}

/** CLONE_FS, unshare(2): a thread gets a working directory, root and umask of its own. */
const CLONE_FS = 0x200

/**
 * @param dirFd any directory, to try the calls on
 * @param ownsThread whether this thread may leave the process's working directory: true in workers only
 */
export function createXattrCalls(dirFd: number, ownsThread: boolean): XattrCalls {
  if (hasAtCalls(dirFd)) return atCalls()
  if (ownsThread && libc.unshare(CLONE_FS) === 0) return cwdCalls()
  return procCalls()
}

/** A kernel before 6.13 answers ENOSYS, a container that filters calls EPERM. */
function hasAtCalls(dirFd: number): boolean {
  const result = libc.listxattrat(dirFd, nameAddress(Buffer.from('.')), AT_SYMLINK_NOFOLLOW, 0, 0)
  return result !== -1 || (libc.errno() !== Errno.ENOSYS && libc.errno() !== Errno.EPERM)
}

/** struct xattr_args (linux/xattr.h): u64 value, u32 size, u32 flags. */
const ARGS_BYTES = 16

export function atCalls(): XattrCalls {
  let dirFd = -1
  const args = new BigUint64Array(16)
  const argsAddress = addressOf(args)
  return {
    enter(fd) {
      dirFd = fd
      return 0
    },
    list: (name, _heap, _start, _end, buffer, size) => libc.listxattrat(dirFd, name, AT_SYMLINK_NOFOLLOW, buffer, size),
    get(name, attribute, buffer, size) {
      args[0] = BigInt(buffer)
      args[1] = BigInt(size)
      return libc.getxattrat(dirFd, name, AT_SYMLINK_NOFOLLOW, attribute, argsAddress, ARGS_BYTES)
    },
  }
}

export function cwdCalls(): XattrCalls {
  return {
    enter: (fd) => libc.fchdir(fd),
    list: (name, _heap, _start, _end, buffer, size) => libc.llistxattr(name, buffer, size),
    get: (name, attribute, buffer, size) => libc.lgetxattr(name, attribute, buffer, size),
  }
}

export function procCalls(): XattrCalls {
  const path = new Uint8Array(4096)
  const address = addressOf(path)
  let nameStart = 0
  return {
    enter(fd) {
      const prefix = Buffer.from(`/proc/self/fd/${fd}/`)
      path.set(prefix)
      nameStart = prefix.length
      return 0
    },
    list(_name, heap, start, end, buffer, size) {
      // A name has at most 1,024 bytes (dirent on any filesystem), the prefix less than 32.
      let to = nameStart
      for (let i = start; i < end; i++) path[to++] = heap[i]!
      path[to] = 0
      return libc.llistxattr(address, buffer, size)
    },
    get: (_name, attribute, buffer, size) => libc.lgetxattr(address, attribute, buffer, size),
  }
}
