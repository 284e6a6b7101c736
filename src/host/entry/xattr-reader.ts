/**
 * Extended attributes of entries as model/xattrs.ts encodes them: all that listxattr(2) names, POSIX ACLs, capabilities and
 * security labels among them. An entry without any costs one call, on a device that has none no call.
 */
import { Limits } from '../../base/constants.ts'
import { EMPTY } from '../../model/bytes-column.ts'
import { encodeXattrs, type Xattr } from '../../model/xattrs.ts'
import { retry } from '../native/call.ts'
import { Errno } from '../native/errno.ts'
import { type Address, addressOf, libc } from '../native/libc.ts'
import { createXattrCalls, type XattrCalls } from './xattr-calls.ts'

/** One number for a device: minor numbers have 20 bits. */
export function deviceKey(major: number, minor: number): number {
  return major * 0x100000 + minor
}

/** XATTR_LIST_MAX and XATTR_SIZE_MAX (limits.h), both 65,536. */
const BUFFER_BYTES = 65536
/**
 * What the list is first asked for with: the kernel allocates as much as it is offered, which costs as much as the rest of the
 * call. Offered nothing it says how much there is, so the next name is offered nothing as long as there is nothing.
 */
const SHORT_LIST_BYTES = 1024

type List = (buffer: Address, size: number) => number
type Get = (attribute: Address, buffer: Address, size: number) => number

export class XattrReader {
  /** Of the last failure: the error number, or E2BIG where the attributes are over Limits.xattrsBytesMax. */
  errno = 0
  readonly #calls: XattrCalls
  #dir: number
  readonly #listBytes = new Uint8Array(BUFFER_BYTES)
  readonly #list = addressOf(this.#listBytes)
  readonly #valueBytes = new Uint8Array(BUFFER_BYTES)
  readonly #value = addressOf(this.#valueBytes)
  readonly #without = new Set<number>()
  #isEntered = false
  /** Bytes that the next list is offered. */
  #offered = 0

  /** @param ownsThread whether this thread may leave the process's working directory */
  constructor(dirFd: number, ownsThread: boolean) {
    this.#calls = createXattrCalls(dirFd, ownsThread)
    this.#dir = dirFd
  }

  /** Says which directory the names are in. It must stay open as long as they are asked for. */
  enter(dirFd: number): void {
    this.#dir = dirFd
    this.#isEntered = false
  }

  /**
   * The attributes of the name heap[start..end), which is followed by NUL and has the given address.
   * @param device that it lies on, as `deviceKey` says
   * @returns empty where there are none; null where that failed, and `errno` says why
   */
  ofName(name: Address, heap: Uint8Array, start: number, end: number, device: number): Uint8Array | null {
    if (this.#without.size > 0 && this.#without.has(device)) return EMPTY
    if (!this.#isEntered) {
      if (this.#calls.enter(this.#dir) === -1) return this.#fail(libc.errno())
      this.#isEntered = true
    }
    const offered = this.#offered
    const length = this.#calls.list(name, heap, start, end, offered === 0 ? 0 : this.#list, offered)
    if (length !== 0) return this.#ofListed(name, heap, start, end, length, device)
    this.#offered = 0
    return EMPTY
  }

  /** Not in ofName: closures would cost each name an object. */
  #ofListed(name: Address, heap: Uint8Array, start: number, end: number, length: number, device: number) {
    const list: List = (buffer, size) => this.#calls.list(name, heap, start, end, buffer, size)
    const get: Get = (attribute, buffer, size) => this.#calls.get(name, attribute, buffer, size)
    const isUnread = length > 0 ? this.#offered === 0 : libc.errno() === Errno.EINTR
    this.#offered = SHORT_LIST_BYTES
    const shortLength = isUnread ? retry(() => list(this.#list, SHORT_LIST_BYTES)) : length
    return this.#readSet(list, get, shortLength, device)
  }

  /** The same of an open descriptor (not O_PATH). */
  ofFd(fd: number, device: number): Uint8Array | null {
    if (this.#without.size > 0 && this.#without.has(device)) return EMPTY
    const length = retry(() => libc.flistxattr(fd, this.#list, SHORT_LIST_BYTES))
    if (length === 0) return EMPTY
    const listAgain: List = (buffer, size) => libc.flistxattr(fd, buffer, size)
    return this.#readSet(
      listAgain,
      (attribute, buffer, size) => libc.fgetxattr(fd, attribute, buffer, size),
      length,
      device,
    )
  }

  #fail(reason: number): null {
    this.errno = reason
    return null
  }

  #failList(device: number): Uint8Array | null {
    if (libc.errno() !== Errno.ENOTSUP) return this.#fail(libc.errno())
    this.#without.add(device)
    return EMPTY
  }

  #readSet(listAgain: List, get: Get, shortLength: number, device: number): Uint8Array | null {
    let length = shortLength
    if (length === -1 && libc.errno() === Errno.ERANGE) length = retry(() => listAgain(this.#list, BUFFER_BYTES))
    if (length === -1) return this.#failList(device)
    const set: Xattr[] = []
    let total = 0
    for (let at = 0; at < length; ) {
      const end = this.#listBytes.indexOf(0, at)
      // The list has each name with its NUL.
      const attribute = this.#list + at
      const bytes = retry(() => get(attribute, this.#value, BUFFER_BYTES))
      if (bytes === -1 && !isMissing(libc.errno())) return this.#fail(libc.errno())
      if (bytes !== -1) {
        total += 6 + end - at + bytes
        if (total > Limits.xattrsBytesMax) return this.#fail(Errno.E2BIG)
        set.push({ name: this.#listBytes.slice(at, end), value: this.#valueBytes.slice(0, bytes) })
      }
      at = end + 1
    }
    return encodeXattrs(set)
  }
}

/** RACE: ENODATA: removed since it was listed. ENOTSUP: listed by name only. Neither is one of the set. */
function isMissing(errno: number): boolean {
  return errno === Errno.ENODATA || errno === Errno.ENOTSUP
}
