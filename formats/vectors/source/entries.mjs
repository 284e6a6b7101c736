/** Rows of a scenario: from the short form they are written in to entries with numbers, and to the lines of appendix A. */
import { readFileSync } from 'node:fs'

export const table = JSON.parse(readFileSync(new URL('../../changeset.json', import.meta.url), 'utf8'))
const kinds = table.tables.Kind.values
const states = table.tables.State.values

/** The bytes of a text, of `{ hex }` or of bytes. */
export function toBytes(value) {
  if (typeof value === 'string') return Buffer.from(value)
  return value instanceof Uint8Array ? Buffer.from(value) : Buffer.from(value.hex, 'hex')
}

/** A byte string as appendix A writes it. */
export function toText(value) {
  const bytes = toBytes(value)
  const text = bytes.toString()
  return Buffer.from(text).equals(bytes) ? text : { hex: bytes.toString('hex') }
}

export const toHex = (value) => toBytes(value).toString('hex')

/** A row: its path split, its sides as entries. */
export function toRow({ path, before, after, seen, state = 'none' }) {
  const bytes = toBytes(path)
  const slash = bytes.lastIndexOf(0x2f)
  return {
    dir: bytes.subarray(0, Math.max(slash, 0)),
    name: bytes.subarray(slash + 1),
    state: typeof state === 'number' ? state : states[state][0],
    before: toEntry(before),
    after: toEntry(after),
    seen: toEntry(seen),
  }
}

/** One side with every column as the format stores it; integers are BigInt, what is absent is 0 or empty. */
function toEntry(side) {
  if (side === undefined) return null
  const { hint = {} } = side
  const [mtimeSec, mtimeNsec] = toTime(side.mtime)
  const [ctimeSec, ctimeNsec] = toTime(hint.ctime)
  const [rdevMajor, rdevMinor] = toDevice(side.rdev)
  const [devMajor, devMinor] = toDevice(hint.dev)
  const numbers = {
    ...{ kind: toKind(side.kind), mode: Number.parseInt(side.mode ?? defaultMode(side.kind), 8) },
    ...{ uid: side.uid ?? 0, gid: side.gid ?? 0, size: side.size ?? 0 },
    ...{ mtimeSec, mtimeNsec, rdevMajor, rdevMinor },
    ...{ ino: hint.ino ?? 0, devMajor, devMinor, ctimeSec, ctimeNsec, nlink: hint.nlink ?? 0, racy: hint.racy ? 1 : 0 },
  }
  return {
    ...Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, BigInt.asUintN(64, BigInt(value))])),
    content: side.content === undefined ? Buffer.alloc(32) : Buffer.from(side.content, 'hex'),
    target: toBytes(side.target ?? ''),
    link: toBytes(side.link ?? ''),
    moved: toBytes(side.moved ?? ''),
    xattrs: toXattrs(side.xattrs ?? []),
    holes: toHoles(hint.holes ?? []),
  }
}

const toKind = (kind) => (typeof kind === 'number' ? kind : kinds[kind][0])
const defaultMode = (kind) => (kind === 'directory' ? '0755' : kind === 'symlink' ? '0777' : '0644')
const toDevice = (text = '0:0') => text.split(':').map(Number)

/** Whole seconds, rounded down, and nanoseconds, of a decimal number of seconds. */
export function toTime(text = '0') {
  const [, sign, whole, fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text)
  const nanoseconds = BigInt(whole + fraction.padEnd(9, '0')) * (sign === '-' ? -1n : 1n)
  const nsec = ((nanoseconds % 1000000000n) + 1000000000n) % 1000000000n
  return [(nanoseconds - nsec) / 1000000000n, nsec]
}

function toXattrs(pairs) {
  const le = (value, width) => {
    const bytes = Buffer.alloc(width)
    bytes.writeUIntLE(value, 0, width)
    return bytes
  }
  return Buffer.concat(
    pairs.flatMap(([name, value]) => {
      const [n, v] = [toBytes(name), toBytes(value)]
      return [le(n.length, 2), n, le(v.length, 4), v]
    }),
  )
}

function toHoles(pairs) {
  const bytes = Buffer.alloc(16 * pairs.length)
  pairs.flat().forEach((value, i) => {
    bytes.writeBigUInt64LE(BigInt(value), 8 * i)
  })
  return bytes
}

/** The line that a row is shown as. `owners` names users and groups of its batch. */
export function rowLine({ path, before, after, seen, state = 'none' }, owners) {
  return {
    record: 'row',
    path: toText(path),
    ...(state !== 'none' && { state }),
    ...(before && { before: sideLine(before, owners) }),
    ...(after && { after: sideLine(after, owners) }),
    ...(seen && { seen: sideLine(seen, owners) }),
  }
}

function sideLine(side, { users = {}, groups = {} }) {
  const { kind, uid = 0, gid = 0, hint = {} } = side
  const isDevice = kind === 'char' || kind === 'block'
  const line = {
    kind,
    mode: side.mode ?? defaultMode(kind),
    uid,
    ...(users[uid] !== undefined && { user: toText(users[uid]) }),
    gid,
    ...(groups[gid] !== undefined && { group: toText(groups[gid]) }),
    ...(kind === 'file' && { size: side.size ?? 0 }),
    mtime: timeLine(side.mtime),
    ...(isDevice && { rdev: side.rdev ?? '0:0' }),
    ...(side.content !== undefined && { content: side.content }),
  }
  for (const name of ['target', 'link', 'moved']) if (side[name] !== undefined) line[name] = toText(side[name])
  if (side.xattrs !== undefined) line.xattrs = side.xattrs.map((pair) => pair.map(toText))
  if (Object.keys(hint).length > 0)
    line.hint = { ...hint, ...(hint.ctime !== undefined && { ctime: timeLine(hint.ctime) }) }
  return line
}

export function timeLine(text = '0') {
  const [whole, fraction = ''] = text.split('.')
  return `${whole}.${fraction.padEnd(9, '0')}`
}
