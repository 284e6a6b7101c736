#!/usr/bin/env node
/** The second reader as a program: a stream on stdin; its lines (spec appendix A) on stdout, or `code offset` on stderr. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { EMPTY, read, words } from './read.mjs'
import { holesOf, xattrsOf } from './row-rules.mjs'
import { makeJudge } from './rules.mjs'

const [kinds, states] = [words('Kind'), words('State')]
const [hex, base64] = [(bytes) => bytes.toString('hex'), (bytes) => ({ base64: bytes.toString('base64') })]
const device = (major, minor) => `${major}:${minor}`
/** A map without what is undefined. */
const some = (object) => Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined))
/** What `make` makes of a value that is not zero or empty. */
const unless = (value, make) => (value === undefined || value === 0n || value.length === 0 ? undefined : make(value))

function text(bytes) {
  const string = bytes.toString()
  return Buffer.from(string).equals(bytes) ? string : { hex: hex(bytes) }
}

const time = (sec, nsec) => nanoseconds(sec * 1000000000n + nsec)

function nanoseconds(total) {
  const digits = String(total < 0n ? -total : total).padStart(10, '0')
  return `${total < 0n ? '-' : ''}${digits.slice(0, -9)}.${digits.slice(-9)}`
}

/** A number where JSON's readers keep it, else a text. */
const inode = (ino) => (ino <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(ino) : String(ino))

function side(entry, { users, groups }) {
  if (!entry?.kind) return undefined
  const { kind, mode, uid, gid, size, content, target, link, moved, xattrs } = entry
  return some({
    kind: kinds[kind],
    mode: mode.toString(8).padStart(4, '0'),
    uid: Number(uid),
    user: unless(users?.get(uid), text),
    gid: Number(gid),
    group: unless(groups?.get(gid), text),
    size: kinds[kind] === 'file' ? Number(size) : undefined,
    mtime: time(entry.mtimeSec, entry.mtimeNsec),
    rdev: ['char', 'block'].includes(kinds[kind]) ? device(entry.rdevMajor, entry.rdevMinor) : undefined,
    content: unless(content, (id) => id.toString(16).padStart(64, '0')),
    target: unless(target, text),
    link: unless(link, text),
    moved: unless(moved, text),
    xattrs: unless(xattrs, (bytes) => xattrsOf(bytes).map((pair) => pair.map(text))),
    hint: hint(entry),
  })
}

function hint({
  ino = 0n,
  devMajor = 0n,
  devMinor = 0n,
  ctimeSec = 0n,
  ctimeNsec = 0n,
  nlink = 0n,
  racy,
  holes = EMPTY,
}) {
  const shown = some({
    ino: unless(ino, inode),
    dev: devMajor + devMinor > 0n ? device(devMajor, devMinor) : undefined,
    ctime: ctimeSec !== 0n || ctimeNsec !== 0n ? time(ctimeSec, ctimeNsec) : undefined,
    nlink: unless(nlink, Number),
    racy: racy ? true : undefined,
    holes: unless(holes, (bytes) => holesOf(bytes).map((pair) => pair.map(Number))),
  })
  return Object.keys(shown).length > 0 ? shown : undefined
}

const line = {
  header({ tool, host, root, rootDevMajor, rootDevMinor, rootIno, digest, ...rest }, kind) {
    const rootId = rootIno && { dev: device(rootDevMajor, rootDevMinor), ino: inode(rootIno.readBigUInt64LE()) }
    const known = [
      'xattrs',
      'trustedHidden',
      'filters',
      'level',
      'data',
      'dataBefore',
      'ignored',
      'comment',
      'features',
    ]
    const kept = Object.fromEntries(known.map((name) => [name, rest[name]]))
    return { format: 1, kind, tool, host, root: root && text(root), rootId, digest: digest && 'blake3', ...kept }
  },
  row({ path, state, before, after, seen, owners }) {
    const sides = { before: side(before, owners), after: side(after, owners), seen: side(seen, owners) }
    return { path: text(path), state: state ? states[state] : undefined, ...sides }
  },
  touch: ({ fileCount, digest, times }) => ({
    fileCount,
    digest: hex(digest),
    times: times.map((pair) => pair.map(nanoseconds)),
  }),
  content: ({ id, size, offset, bytes }) => ({ id: hex(id), size, offset, bytes: base64(bytes) }),
  recipe: ({ id, size, literals, ranges, squeezes }) => ({
    id: hex(id),
    size,
    literals: literals && hex(literals),
    ranges: ranges.map(range),
    squeezes: squeezes.length > 0 ? squeezes.map(squeeze) : undefined,
  }),
  chunks({ id, chunkLengths, ids }) {
    const end = (i) => chunkLengths.slice(0, i + 1).reduce((a, b) => a + b)
    return { id: hex(id), chunks: chunkLengths.map((_, i) => [end(i), hex(ids.subarray(16 * i, 16 * i + 16))]) }
  },
  problem: ({ path = EMPTY, code, phase, detail }) => ({ path: text(path), code, phase, detail }),
  optional: ({ name, value = EMPTY }) => ({ name, value: base64(value) }),
  end({ rowCount, contentCount, contentBytes, problemCount, judgedByTime, from, to }) {
    const totals = { rowCount, contentCount, contentBytes, problemCount, judgedByTime }
    return { ...totals, from: from && hex(from), to: to && hex(to) }
  },
}

function range({ from, path, offset, length }) {
  const source = ['literal', 'before', 'after', 'zeros'][from]
  if (from === 0n || from === 3n) return { from: source, length: Number(length) }
  return { from: source, path: text(path), offset: Number(offset), length: Number(length) }
}

const squeeze = ({ bytes, ranges }) => ({ bytes: Number(bytes), ranges: ranges.map(range) })

/** The lines of a stream, as objects. What it throws has a code and an offset. */
export function* linesOf(stream) {
  const kind = words('StreamKind')[stream[13]]
  for (const item of read(stream, makeJudge())) yield some({ record: item.record, ...line[item.record](item, kind) })
}

function main() {
  try {
    let lines = ''
    for (const each of linesOf(readFileSync(0))) lines += `${JSON.stringify(each)}\n`
    writeFileSync(1, lines)
  } catch (error) {
    console.error(error.offset === undefined ? error : `${error.code} ${error.offset}`)
    process.exitCode = 1
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main()
