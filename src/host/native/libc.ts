/**
 * The seam to Linux: the C library's functions, called as they are (numbers in, -1 on error, `errno()` says why).
 * The only importer of koffi. All host code calls `libc.name(...)`, so that a test can put any function in the place
 * of any other. Paths and buffers are passed as addresses (c-string.ts, `addressOf`). Nothing here checks or retries: call.ts does.
 * Loading is lazy, function by function: a program that calls nothing pays nothing.
 */
import { arch, loadNative, platform } from './late.ts'

/** An address in this process: of bytes that their owner keeps alive, or 0. */
export type Address = number

/** The functions, named and ordered as their man pages (section 2 and 3) say. Sizes and offsets are integers up to 2^53. */
export type Libc = {
  openat(dirFd: number, path: Address, flags: number, mode: number): number
  /** openat2(2); `how` is the address of a struct open_how of `size` bytes. */
  openat2(dirFd: number, path: Address, how: Address, size: number): number
  close(fd: number): number
  dup(fd: number): number
  memfd_create(name: Address, flags: number): number
  fcntl(fd: number, command: number, argument: number): number
  read(fd: number, buffer: Address, size: number): number
  pread(fd: number, buffer: Address, size: number, offset: number): number
  write(fd: number, buffer: Address, size: number): number
  pwrite(fd: number, buffer: Address, size: number, offset: number): number
  lseek(fd: number, offset: number, whence: number): number
  ftruncate(fd: number, size: number): number
  fallocate(fd: number, mode: number, offset: number, size: number): number
  /** copy_file_range(2); the offsets are addresses of int64, or 0 for the descriptor's own position. */
  copyFileRange(inFd: number, inOffset: Address, outFd: number, outOffset: Address, size: number, flags: number): number
  ioctl(fd: number, request: number, argument: number): number
  /** poll(2); `fds` is the address of `count` structs pollfd. */
  poll(fds: Address, count: number, milliseconds: number): number
  isatty(fd: number): number
  /** posix_fadvise(3) answers with the error number itself. */
  posixFadvise(fd: number, offset: number, size: number, advice: number): number
  fsync(fd: number): number
  fdatasync(fd: number): number
  syncfs(fd: number): number
  flock(fd: number, operation: number): number

  statx(dirFd: number, path: Address, flags: number, mask: number, buffer: Address): number
  fstatfs(fd: number, buffer: Address): number
  /** getdents64(2): bytes of records, 0 at the end. */
  getdents64(fd: number, buffer: Address, size: number): number
  readlinkat(dirFd: number, path: Address, buffer: Address, size: number): number

  faccessat(dirFd: number, path: Address, mode: number, flags: number): number

  mkdirat(dirFd: number, path: Address, mode: number): number
  mknodat(dirFd: number, path: Address, mode: number, device: number): number
  symlinkat(target: Address, dirFd: number, path: Address): number
  linkat(oldDirFd: number, oldPath: Address, newDirFd: number, newPath: Address, flags: number): number
  unlinkat(dirFd: number, path: Address, flags: number): number
  renameat2(oldDirFd: number, oldPath: Address, newDirFd: number, newPath: Address, flags: number): number

  fchmod(fd: number, mode: number): number
  fchmodat(dirFd: number, path: Address, mode: number, flags: number): number
  fchown(fd: number, uid: number, gid: number): number
  fchownat(dirFd: number, path: Address, uid: number, gid: number, flags: number): number
  /** `times` is the address of two struct timespec: access, then modification. */
  futimens(fd: number, times: Address): number
  utimensat(dirFd: number, path: Address, times: Address, flags: number): number

  flistxattr(fd: number, list: Address, size: number): number
  fgetxattr(fd: number, name: Address, value: Address, size: number): number
  fsetxattr(fd: number, name: Address, value: Address, size: number, flags: number): number
  fremovexattr(fd: number, name: Address): number
  llistxattr(path: Address, list: Address, size: number): number
  lgetxattr(path: Address, name: Address, value: Address, size: number): number
  lsetxattr(path: Address, name: Address, value: Address, size: number, flags: number): number
  lremovexattr(path: Address, name: Address): number
  setxattr(path: Address, name: Address, value: Address, size: number, flags: number): number
  removexattr(path: Address, name: Address): number
  /** listxattrat(2), Linux 6.13. */
  listxattrat(dirFd: number, path: Address, flags: number, list: Address, size: number): number
  /** getxattrat(2), Linux 6.13; `args` is the address of a struct xattr_args of `size` bytes. */
  getxattrat(dirFd: number, path: Address, flags: number, name: Address, args: Address, size: number): number

  /** Ends the process and all of its threads as they are. */
  _exit(status: number): never
  unshare(flags: number): number
  fchdir(fd: number): number
  umask(mode: number): number
  geteuid(): number
  /** kill(2); a negative number names a process group. */
  kill(pid: number, signal: number): number
  getegid(): number
  /** getpwuid_r(3) and its like answer with the error number itself. */
  getpwuid_r(uid: number, record: Address, buffer: Address, size: number, result: Address): number
  getpwnam_r(name: Address, record: Address, buffer: Address, size: number, result: Address): number
  getgrgid_r(gid: number, record: Address, buffer: Address, size: number, result: Address): number
  getgrnam_r(name: Address, record: Address, buffer: Address, size: number, result: Address): number

  /** What the last call in this thread that failed left in errno. */
  errno(): number
  /** Sets it: for a test that stands in for a call. */
  setErrno(errno: number): void
}

const signatures = {
  openat: 'int openat(int, uintptr_t, int, uint)',
  close: 'int close(int)',
  dup: 'int dup(int)',
  memfd_create: 'int memfd_create(uintptr_t, uint)',
  fcntl: 'int fcntl(int, int, int64_t)',
  read: 'int64_t read(int, uintptr_t, size_t)',
  pread: 'int64_t pread(int, uintptr_t, size_t, int64_t)',
  write: 'int64_t write(int, uintptr_t, size_t)',
  pwrite: 'int64_t pwrite(int, uintptr_t, size_t, int64_t)',
  lseek: 'int64_t lseek(int, int64_t, int)',
  ftruncate: 'int ftruncate(int, int64_t)',
  fallocate: 'int fallocate(int, int, int64_t, int64_t)',
  copyFileRange: 'int64_t copy_file_range(int, uintptr_t, int, uintptr_t, size_t, uint)',
  ioctl: 'int ioctl(int, uint64_t, int64_t)',
  poll: 'int poll(uintptr_t, uint64_t, int)',
  isatty: 'int isatty(int)',
  posixFadvise: 'int posix_fadvise(int, int64_t, int64_t, int)',
  fsync: 'int fsync(int)',
  fdatasync: 'int fdatasync(int)',
  syncfs: 'int syncfs(int)',
  flock: 'int flock(int, int)',
  statx: 'int statx(int, uintptr_t, int, uint, uintptr_t)',
  fstatfs: 'int fstatfs(int, uintptr_t)',
  readlinkat: 'int64_t readlinkat(int, uintptr_t, uintptr_t, size_t)',
  faccessat: 'int faccessat(int, uintptr_t, int, int)',
  mkdirat: 'int mkdirat(int, uintptr_t, uint)',
  mknodat: 'int mknodat(int, uintptr_t, uint, uint64_t)',
  symlinkat: 'int symlinkat(uintptr_t, int, uintptr_t)',
  linkat: 'int linkat(int, uintptr_t, int, uintptr_t, int)',
  unlinkat: 'int unlinkat(int, uintptr_t, int)',
  fchmod: 'int fchmod(int, uint)',
  fchmodat: 'int fchmodat(int, uintptr_t, uint, int)',
  fchown: 'int fchown(int, uint, uint)',
  fchownat: 'int fchownat(int, uintptr_t, uint, uint, int)',
  futimens: 'int futimens(int, uintptr_t)',
  utimensat: 'int utimensat(int, uintptr_t, uintptr_t, int)',
  flistxattr: 'int64_t flistxattr(int, uintptr_t, size_t)',
  fgetxattr: 'int64_t fgetxattr(int, uintptr_t, uintptr_t, size_t)',
  fsetxattr: 'int fsetxattr(int, uintptr_t, uintptr_t, size_t, int)',
  fremovexattr: 'int fremovexattr(int, uintptr_t)',
  llistxattr: 'int64_t llistxattr(uintptr_t, uintptr_t, size_t)',
  lgetxattr: 'int64_t lgetxattr(uintptr_t, uintptr_t, uintptr_t, size_t)',
  lsetxattr: 'int lsetxattr(uintptr_t, uintptr_t, uintptr_t, size_t, int)',
  lremovexattr: 'int lremovexattr(uintptr_t, uintptr_t)',
  setxattr: 'int setxattr(uintptr_t, uintptr_t, uintptr_t, size_t, int)',
  removexattr: 'int removexattr(uintptr_t, uintptr_t)',
  _exit: 'void _exit(int)',
  unshare: 'int unshare(int)',
  fchdir: 'int fchdir(int)',
  umask: 'uint umask(uint)',
  geteuid: 'uint geteuid()',
  kill: 'int kill(int, int)',
  getegid: 'uint getegid()',
  getpwuid_r: 'int getpwuid_r(uint, uintptr_t, uintptr_t, size_t, uintptr_t)',
  getpwnam_r: 'int getpwnam_r(uintptr_t, uintptr_t, uintptr_t, size_t, uintptr_t)',
  getgrgid_r: 'int getgrgid_r(uint, uintptr_t, uintptr_t, size_t, uintptr_t)',
  getgrnam_r: 'int getgrnam_r(uintptr_t, uintptr_t, uintptr_t, size_t, uintptr_t)',
} as const satisfies Partial<Record<keyof Libc, string>>

const syscallSignature = 'int64_t syscall(int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t)'

type Syscall = readonly [x64: number, others: number, argCount: 3 | 4 | 5 | 6]

/** Calls that not every C library that Node runs on has a function for: number on x64, number elsewhere, arguments. */
const syscalls = {
  getdents64: [217, 61, 3],
  renameat2: [316, 276, 5],
  openat2: [437, 437, 4],
  getxattrat: [464, 464, 6],
  listxattrat: [465, 465, 5],
} as const satisfies Partial<Record<keyof Libc, Syscall>>

type RawFunction = (...args: number[]) => number
type Koffi = typeof import('koffi')

let loaded: { koffi: Koffi; library: ReturnType<Koffi['load']> } | null = null
let rawSyscall: RawFunction | null = null

/** Whether any function was called yet. */
export function isLoaded(): boolean {
  return loaded !== null
}

function load(): NonNullable<typeof loaded> {
  if (loaded === null) {
    const koffi = loadKoffi()
    loaded = { koffi, library: koffi.load(null) }
  }
  return loaded
}

function loadKoffi(): Koffi {
  const file = `@koromix/koffi-${platform}-${arch}/${platform}_${arch}/koffi.node`
  return loadNative(file, (require) => require('koffi')) as Koffi
}

/** errno of the last call that failed. */
let failure = 0

/**
 * RACE: errno is the thread's, and V8 makes system calls of its own between two calls of ours: to collect garbage, to install code.
 * It does so where functions begin, where loops turn and where memory is allocated, and nothing of that is between the call
 * and the look at errno here. (koffi takes no notice of arguments beyond those of the signature.)
 */
function define(signature: string): RawFunction {
  const { koffi, library } = load()
  const call = library.func(signature) as unknown as RawFunction
  const { errno } = koffi
  return (a, b, c, d, e, f, g) => {
    const result = call(a!, b!, c!, d!, e!, f!, g!)
    if (result === -1) failure = errno()
    return result
  }
}

function defineSyscall([x64, others, argCount]: Syscall): RawFunction {
  rawSyscall ??= define(syscallSignature)
  const call = rawSyscall
  const number = arch === 'x64' ? x64 : others
  switch (argCount) {
    case 3:
      return (a, b, c) => call(number, a!, b!, c!, 0, 0, 0)
    case 4:
      return (a, b, c, d) => call(number, a!, b!, c!, d!, 0, 0)
    case 5:
      return (a, b, c, d, e) => call(number, a!, b!, c!, d!, e!, 0)
    case 6:
      return (a, b, c, d, e, f) => call(number, a!, b!, c!, d!, e!, f!)
  }
}

/** A member that puts the real function in its place when it is first called, unless a test has replaced it. */
function lazy(name: string, defineReal: () => RawFunction): RawFunction {
  let real: RawFunction | null = null
  const stub: RawFunction = (...args) => {
    if (real === null) {
      real = defineReal()
      if (functions[name] === stub) functions[name] = real
    }
    return real(...args)
  }
  return stub
}

/** Made in one go: an object that grows member by member is a hash table to V8, which every call would look into. */
const functions: Record<string, RawFunction> = Object.fromEntries([
  ...Object.entries(signatures).map(([name, signature]) => [name, lazy(name, () => define(signature))]),
  ...Object.entries(syscalls).map(([name, call]) => [name, lazy(name, () => defineSyscall(call))]),
  ['errno', () => failure],
  [
    'setErrno',
    (errno: number) => {
      failure = errno
    },
  ],
])

/** The functions. A mutable object on purpose: tests wrap its members. */
export const libc: Libc = functions as unknown as Libc

/** A call takes at most three arrays, and some callers prepare one early. */
const KEPT_ALIVE = 8
const keptAlive: unknown[] = new Array(KEPT_ALIVE).fill(null)
let oldest = 0

/**
 * The address of a typed array's first byte. The array must be longer than 64 bytes (shorter ones may live on the
 * JavaScript heap and move). It stays valid as long as the caller holds the array, and at least until this function was called
 * eight times more.
 *
 * RACE: the collector knows nothing of addresses. To compiled code a local array is gone with its last mention, which may be this
 * call: without a hold on it, its memory could be freed, and be another's, before the kernel has read it.
 */
export function addressOf(bytes: Uint8Array | Uint32Array | Int32Array | BigInt64Array | BigUint64Array): Address {
  keptAlive[oldest] = bytes
  oldest = oldest + 1 === KEPT_ALIVE ? 0 : oldest + 1
  return Number(load().koffi.address(bytes))
}
