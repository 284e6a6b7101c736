/**
 * The open directories on the way from a root to the one that is worked in. Whoever visits directories in row order opens each
 * once: `enter` keeps what the last path and the next have in common. Deep trees keep their lowest levels open only.
 */
import { compareRanges } from '../../model/path.ts'
import { rangeAddress } from '../native/c-string.ts'
import { Errno } from '../native/errno.ts'
import { libc } from '../native/libc.ts'
import { closeFd, OPEN_DIRECTORY } from './dir.ts'

/** Levels kept open. More would save nothing in any tree but a comb of that depth. */
const OPEN_LEVELS_MAX = 64

const SLASH = 0x2f

export class DirStack {
  readonly #rootFd: number
  /** ends[k] is the length of the path of level k + 1; fds[k] its descriptor, or -1 where it is not kept open. */
  #path: Uint8Array = new Uint8Array(0)
  readonly #ends: number[] = []
  readonly #fds: number[] = []

  #truncate(levels: number): void {
    for (let k = this.#fds.length; k > levels; k--) {
      const fd = this.#fds.pop()!
      this.#ends.pop()
      if (fd !== -1) closeFd(fd)
    }
  }

  #closeUpper(levels: number): void {
    for (let k = 0; k < levels; k++) {
      const fd = this.#fds[k]!
      if (fd !== -1) closeFd(fd)
      this.#fds[k] = -1
    }
  }

  #openLevel(parentFd: number, start: number, end: number): number {
    for (;;) {
      const fd = libc.openat(parentFd, rangeAddress(this.#path, start, end), OPEN_DIRECTORY, 0)
      if (fd !== -1 || libc.errno() !== Errno.EINTR) return fd
    }
  }

  /** Opens those of the first `levels` levels that lie below the deepest open one; keeps the last `openMax`. */
  #reopen(levels: number, openMax: number): number {
    let open = levels
    while (open > 0 && this.#fds[open - 1] === -1) open--
    let fd = open === 0 ? this.#rootFd : this.#fds[open - 1]!
    for (let k = open; k < levels; k++) {
      fd = this.#openLevel(fd, k === 0 ? 0 : this.#ends[k - 1]! + 1, this.#ends[k]!)
      if (fd === -1) return -1
      this.#fds[k] = fd
      if (k >= openMax) this.#closeUpper(k - openMax + 1)
    }
    return fd
  }

  /**
   * Opens a directory below the root, names only and no symlink followed; the empty path is the root.
   * @returns its descriptor, which belongs to the stack and is good until the next call; -1 with errno
   */
  enter(next: Uint8Array): number {
    this.#truncate(commonLevels(this.#path, this.#ends, next))
    this.#path = next
    let at = this.#ends.length === 0 ? 0 : this.#ends.at(-1)! + 1
    while (at < next.length) {
      const slash = next.indexOf(SLASH, at)
      this.#ends.push(slash < 0 ? next.length : slash)
      this.#fds.push(-1)
      at = this.#ends.at(-1)! + 1
    }
    const levels = this.#ends.length
    let fd = this.#reopen(levels, OPEN_LEVELS_MAX)
    if (fd === -1 && libc.errno() === Errno.EMFILE) {
      // Others in this process hold the rest of the descriptors: keep none but the last.
      this.#closeUpper(levels)
      fd = this.#reopen(levels, 1)
    }
    if (fd === -1) this.#forgetUnopened()
    return fd
  }

  /** Keeps the levels above the first that could not be opened; the error number is left as it is. */
  #forgetUnopened(): void {
    let levels = this.#fds.length
    while (levels > 0 && this.#fds[levels - 1] === -1) levels--
    this.#ends.length = levels
    this.#fds.length = levels
  }

  /** @param rootFd stays the caller's */
  constructor(rootFd: number) {
    this.#rootFd = rootFd
  }

  /** Closes what is open. The root's descriptor is the caller's. */
  close(): void {
    this.#truncate(0)
  }
}

/** Number of levels of `path` that `next` has too, as whole components. */
function commonLevels(path: Uint8Array, ends: number[], next: Uint8Array): number {
  let levels = ends.length
  while (levels > 0) {
    const end = ends[levels - 1]!
    if (end < next.length && next[end] === SLASH && compareRanges(path, 0, end, next, 0, end) === 0) break
    if (end === next.length && compareRanges(path, 0, end, next, 0, end) === 0) break
    levels--
  }
  return levels
}
