/** One tree with everything in it that a Linux filesystem can hold, as far as this user and this filesystem can make it. */
import { mkdirSync } from 'node:fs'
import { removeXattr, setXattr } from './disk-calls.ts'
import {
  blockDevice,
  charDevice,
  directory,
  fifo,
  file,
  link,
  makeTree,
  setMetadata,
  socket,
  sparse,
  symlink,
  type TreeSpec,
} from './disk-tree.ts'
import { makeTempDir, removeTree } from './make-temp-dir.ts'
import { aclValue, capabilityValue } from './posix-acl.ts'

export const isRoot = process.getuid?.() === 0

/** Whether the filesystem of temporary folders takes an attribute of this name from this user. */
function canSet(name: string, value: Uint8Array): boolean {
  const dir = makeTempDir()
  try {
    setXattr(Buffer.from(dir), name, value)
    removeXattr(Buffer.from(dir), name)
    return true
  } catch {
    return false
  } finally {
    removeTree(dir)
  }
}

const acl = aclValue([
  ['userObj', 6],
  ['user', 4, 12345],
  ['groupObj', 4],
  ['mask', 6],
  ['other', 0],
])

/** What this user can make here: tests that need more are skipped by name. */
export const can = {
  userXattrs: canSet('user.probe', Buffer.from('1')),
  trustedXattrs: canSet('trusted.probe', Buffer.from('1')),
  acls: canSet('system.posix_acl_access', acl),
  devices: isRoot,
  owners: isRoot,
}

/** Names that go wrong where names are taken for text. */
export const oddNames: ReadonlyArray<Uint8Array> = [
  Buffer.from(' leading and trailing '),
  Buffer.from('new\nline'),
  Buffer.from('-rf'),
  Buffer.from('*?[a]{b}\\'),
  Buffer.from('\x01\x1b[31m\x7f'),
  Buffer.from([0x80]),
  Buffer.from([0xff, 0xfe, 0x41]),
  Buffer.from('caf\u00e9'),
  Buffer.from('cafe\u0301'),
  Buffer.from('\u202egnp.exe'),
  // UTF-16 order puts U+10000 before U+FFFD, byte order after it; locale order puts 'a' before 'B'.
  Buffer.from('order-\ufffd'),
  Buffer.from('order-\u{10000}'),
  Buffer.from('order-a'),
  Buffer.from('order-B'),
  Buffer.from('x'.repeat(255)),
  Buffer.from('\u00e9'.repeat(127)),
  Buffer.from('...'),
  Buffer.from('..a'),
  Buffer.from('.hidden'),
]

const plain: TreeSpec = [
  ['empty', file('', { mode: 0o644, mtime: [1_500_000_000, 1] })],
  ['small', file('hello\n', { mode: 0o640, mtime: [1_500_000_000, 999_999_999] })],
  ['large', file(pattern(3_000_017), { mode: 0o600, mtime: [1_500_000_001, 0] })],
  ['zeros', file(Buffer.alloc(200_000), { mtime: [1_500_000_001, 500] })],
  [
    'sparse',
    sparse(
      50_000_000,
      [
        [0, 'start'],
        [20_000_000, 'middle'],
        [49_999_990, 'end'],
      ],
      { mtime: [1, 2] },
    ),
  ],
  ['all-hole', sparse(10_000_000, [], { mtime: [1, 3] })],
  ['hole-behind', sparse(1_000_000, [[0, pattern(5000)]], { mtime: [1, 4] })],
  ['before-1970', file('old', { mtime: [-1_000_000_000, 123_456_789] })],
  ['just-before-1970', file('old', { mtime: [-1, 999_999_999] })],
  ['after-2038', file('new', { mtime: [2_200_000_000, 5] })],
  ['after-2106', file('new', { mtime: [4_400_000_000, 7] })],
  ['executable', file('#!/bin/sh\n', { mode: 0o755 })],
  ['directory', directory({ mode: 0o750, mtime: [1_400_000_000, 111_111_111] })],
  ['directory/inner', file('inner', { mtime: [1_400_000_000, 222_222_222] })],
  ['empty-directory', directory({ mode: 0o700, mtime: [-5, 5] })],
  ['sticky', directory({ mode: 0o1777, mtime: [1_400_000_000, 1] })],
  ['setgid-directory', directory({ mode: 0o2755, mtime: [1_400_000_000, 2] })],
  ['symlink', symlink('small', { mtime: [1_300_000_000, 333_333_333] })],
  ['symlink-to-directory', symlink('directory', { mtime: [-1, 1] })],
  ['dangling', symlink('/nowhere/at/all')],
  ['symlink-outwards', symlink('../../..')],
  ['symlink-bytes', symlink(Buffer.from([0xff, 0x0a, 0x01]))],
  ['symlink-long', symlink(`${'t'.repeat(250)}/`.repeat(16) + 'u'.repeat(79))],
  ['fifo', fifo({ mode: 0o622, mtime: [1_200_000_000, 444_444_444] })],
  ['socket', socket({ mode: 0o700, mtime: [1_200_000_000, 555_555_555] })],
  ['group-a', file('three names', { mode: 0o604, mtime: [1_100_000_000, 1] })],
  ['group-b', link('group-a')],
  ['z/last/group-c', link('group-a')],
  ['z/last/other-group', file('two names')],
  ['a/first/other-group', link('z/last/other-group')],
  ['symlink-twice', symlink('linked symlink')],
  ['symlink-thrice', link('symlink-twice')],
  ['fifo-twice', link('fifo')],
]

const unreadable: TreeSpec = [
  ['no-permissions', file('secret', { mode: 0 })],
  ['closed', directory({ mode: 0 })],
  ['closed/inner', file('secret')],
]

const asRoot: TreeSpec = [
  ['char', charDevice(1, 3, { mode: 0o666, mtime: [1_000_000_000, 1] })],
  ['char-large', charDevice(4095, 1_048_575)],
  ['block', blockDevice(7, 255, { mode: 0o660, owner: [0, 6] })],
  ['overlay-whiteout', charDevice(0, 0)],
  ['owned', file('owned', { owner: [12345, 54321], mode: 0o644 })],
  ['owned-large', file('owned', { owner: [4_294_967_294, 4_294_967_294] })],
  ['owned-symlink', symlink('owned', { owner: [1000, 1000] })],
  ['owned-directory', directory({ owner: [1000, 100], mode: 0o2775 })],
  ['setuid', file('program', { owner: [0, 0], mode: 0o4755 })],
  ['setuid-setgid-sticky', file('program', { owner: [1, 1], mode: 0o7777 })],
  ['capable', file('program', { mode: 0o755, xattrs: { 'security.capability': capabilityValue(1 << 10) } })],
  ['labelled', file('x', { xattrs: { 'security.fscs': 'label\0', 'trusted.fscs': Buffer.from([0, 255]) } })],
  ['labelled-symlink', symlink('x', { xattrs: { 'trusted.fscs': 'on a symlink' } })],
  ['labelled-fifo', fifo({ xattrs: { 'trusted.fscs': 'on a fifo' } })],
]

const withXattrs: TreeSpec = [
  ['xattrs', file('x', { xattrs: { 'user.b': 'second', 'user.a': '', 'user.bytes': Buffer.from([0, 10, 255]) } })],
  ['xattrs-large', file('x', { xattrs: { 'user.large': pattern(3000) } })],
  ['xattrs-directory', directory({ xattrs: { 'user.on': 'directory' }, mtime: [1_000_000_000, 1] })],
]

const withAcls: TreeSpec = [
  ['acl', file('x', { mode: 0o640, xattrs: { 'system.posix_acl_access': acl } })],
  [
    'acl-directory',
    directory({
      mode: 0o750,
      xattrs: { 'system.posix_acl_access': acl, 'system.posix_acl_default': acl },
      mtime: [1_000_000_000, 2],
    }),
  ],
]

/** The time of everything that has none of its own, so that the tree is the same each time. */
const usualTime = [1_234_567_890, 123_456_789] as const

/** A file's bytes that no compressor shortens much and that are the same each time. */
export function pattern(size: number): Buffer {
  const bytes = Buffer.alloc(size)
  let state = size + 1
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    bytes[i] = state >>> 16
  }
  return bytes
}

export type EveryKindOptions = {
  /** With a path of more than PATH_MAX bytes. */
  deep: boolean
  /** With a file and a directory that nobody but root may read. */
  unreadable: boolean
}

/** The list for `makeTree`. */
export function everyKind(options: EveryKindOptions): TreeSpec {
  return [
    ...plain,
    ...oddNames.map((name, i) => [Buffer.concat([Buffer.from('names/'), name]), file(`name ${i}`)] as const),
    ...(options.deep ? [[Array(20).fill('d'.repeat(250)).join('/'), directory()] as const] : []),
    ...(options.unreadable ? unreadable : []),
    ...(can.devices && can.trustedXattrs ? asRoot : []),
    ...(can.userXattrs ? withXattrs : []),
    ...(can.acls ? withAcls : []),
  ]
}

/**
 * Makes that tree at `dir/tree`, and `dir/outside` with further names of two of its files, so that their link counts are
 * larger than the names that a scan can find. Returns the tree's root.
 */
export function makeEveryKind(dir: string, options: EveryKindOptions): string {
  const root = `${dir}/tree`
  mkdirSync(root)
  mkdirSync(`${dir}/outside`)
  const outside = [
    ['outside/name', file('also outside')],
    ['outside/group', file('also outside, twice inside')],
  ] as const
  makeTree(dir, outside, usualTime)
  makeTree(root, everyKind(options), usualTime)
  makeTree(dir, [
    ['tree/linked-outside', link('outside/name')],
    ['tree/linked-outside-1', link('outside/group')],
    ['tree/linked-outside-2', link('outside/group')],
  ])
  setMetadata(root, '', { kind: 'directory', mode: 0o755, mtime: [1_600_000_000, 987_654_321] })
  return root
}
