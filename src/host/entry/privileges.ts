/** What this process may set on entries: read once from /proc/self/status (proc(5)), by capability rather than by name. */
import { readFileSync } from 'node:fs'
import { libc } from '../native/libc.ts'

export type Privileges = {
  uid: number
  gid: number
  /** Groups that files of this process may be given to. */
  groups: ReadonlySet<number>
  /** Permission bits that new files do not get. */
  umask: number
  /** Any owner may be set, of those that there are here. */
  mayChown: boolean
  /** Numbers of users and of groups that there are: a user namespace has some of them. */
  mappedUids: readonly IdRange[]
  mappedGids: readonly IdRange[]
  /** Attributes of the trusted namespace may be seen and set, and those of the security namespace but for capabilities set. */
  maySetTrusted: boolean
  maySetCapabilities: boolean
  /** Devices may be made. */
  mayMakeDevices: boolean
  /** What a filesystem reserves for the system may be used. */
  usesReserve: boolean
  /** Files of others may be changed. */
  isOwnerOfAll: boolean
  /** Directories without write permission may be changed. */
  ignoresModes: boolean
}

/** Numbers within, and from which on they are the system's own. */
export type IdRange = { first: number; outside: number; count: number }

/** True for a number that there is in this user namespace (user_namespaces(7)). */
export function isMapped(ranges: readonly IdRange[], id: number): boolean {
  return ranges.some(({ first, count }) => id >= first && id - first < count)
}

/** capabilities(7), by bit. */
const CAP_CHOWN = 0
const CAP_DAC_OVERRIDE = 1
const CAP_FOWNER = 3
const CAP_SYS_ADMIN = 21
const CAP_SYS_RESOURCE = 24
const CAP_MKNOD = 27
const CAP_SETFCAP = 31

/** The privileges of this process as they are now. Without /proc they are guessed from the user id. */
export function readPrivileges(): Privileges {
  const status = readStatus()
  const uid = libc.geteuid()
  const gid = libc.getegid()
  const capabilities = BigInt(`0x${fieldOf(status, 'CapEff') ?? (uid === 0 ? 'ffffffffffffffff' : '0')}`)
  const has = (bit: number): boolean => ((capabilities >> BigInt(bit)) & 1n) === 1n
  const mappedUids = readRanges('/proc/self/uid_map')
  const isOfSystem = isAllMapped(mappedUids)
  const groups = (fieldOf(status, 'Groups') ?? '').split(/\s+/).filter((word) => word !== '')
  return {
    uid,
    gid,
    groups: new Set([gid, ...groups.map(Number)]),
    umask: Number.parseInt(fieldOf(status, 'Umask') ?? '0777', 8),
    mayChown: has(CAP_CHOWN),
    mappedUids,
    mappedGids: readRanges('/proc/self/gid_map'),
    maySetTrusted: isOfSystem && has(CAP_SYS_ADMIN),
    maySetCapabilities: has(CAP_SETFCAP),
    mayMakeDevices: isOfSystem && has(CAP_MKNOD),
    usesReserve: has(CAP_SYS_RESOURCE),
    isOwnerOfAll: has(CAP_FOWNER),
    ignoresModes: has(CAP_DAC_OVERRIDE),
  }
}

function readStatus(): string {
  try {
    return readFileSync('/proc/self/status', 'latin1')
  } catch {
    return ''
  }
}

/** False within a user namespace, where capabilities count for the numbers that are mapped there and for none of the system's own. */
function isAllMapped([range, ...others]: readonly IdRange[]): boolean {
  return others.length === 0 && range?.first === 0 && range.outside === 0 && range.count === ALL
}

/** The last number of 32 bits is no one's. */
const ALL = 2 ** 32 - 1

/** What a process sees of its map of numbers: each line a first number within, one outside, and how many. */
function readRanges(path: string): IdRange[] {
  try {
    const lines = readFileSync(path, 'latin1').trim().split('\n')
    return lines
      .map((line) => line.trim().split(/\s+/).map(Number))
      .map(([first, outside, count]) => ({ first: first!, outside: outside!, count: count! }))
  } catch {
    return [{ first: 0, outside: 0, count: ALL }]
  }
}

function fieldOf(status: string, name: string): string | null {
  return new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1]?.trim() ?? null
}
