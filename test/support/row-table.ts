/** Rows written as tables: a path, and what is not as usual. */
import { Kind } from '../../src/base/constants.ts'
import type { Entry, Hint } from '../../src/model/entries.ts'
import { compareRowPaths } from '../../src/model/path.ts'
import type { Row } from '../../src/model/row.ts'
import { idOf } from './memory-disk.ts'

const EMPTY = new Uint8Array(0)

const plain: Entry = {
  kind: Kind.file,
  mode: 0o644,
  uid: 0,
  gid: 0,
  size: 10,
  mtimeSec: 1_700_000_000,
  mtimeNsec: 0,
  rdevMajor: 0,
  rdevMinor: 0,
  content: EMPTY,
  target: EMPTY,
  link: EMPTY,
  moved: EMPTY,
  xattrs: EMPTY,
  hint: null,
}

/** Entries may be given by what is not plain; byte strings as text, contents by a seed. */
export type Given = Partial<Omit<Entry, 'link' | 'moved' | 'target' | 'content'>> & {
  link?: string
  moved?: string
  target?: string
  content?: number
}

export function entry(given: Given): Entry {
  const { link, moved, target, content, ...rest } = given
  const made = { ...plain, ...rest, link: bytes(link), moved: bytes(moved), target: bytes(target) }
  return content === undefined ? made : { ...made, content: idOf(content, made.size) }
}

export function hint(ino: number, ctimeSec: number, rest: Partial<Hint> = {}): Hint {
  return {
    ino: BigInt(ino),
    devMajor: 8,
    devMinor: 1,
    ctimeSec,
    ctimeNsec: 0,
    nlink: 1,
    racy: 0,
    holes: EMPTY,
    ...rest,
  }
}

/** A tree: paths and entries; a path that ends in '/' is a directory. The root is added. */
export function tree(entries: Record<string, Given>): Row[] {
  const rows = Object.entries({ '/': {}, ...entries }).map(([name, given]): Row => {
    const isDirectory = name.endsWith('/')
    const path = Buffer.from(isDirectory ? name.slice(0, -1) : name, 'latin1')
    return {
      path,
      before: null,
      after: entry(isDirectory ? { kind: Kind.directory, size: 0, mode: 0o755, ...given } : given),
    }
  })
  return rows.sort((a, b) => compareRowPaths(a.path, b.path))
}

/** Rows as lines, so that a test can say what it expects: '+ path', '- path', '~ path', moves with an arrow. */
export function lines(rows: Row[]): string[] {
  return rows.map(({ path, before, after }) => {
    const sign = before === null ? '+' : after === null ? '-' : '~'
    const to = before !== null && before.moved.length > 0 ? ` > ${text(before.moved)}` : ''
    const from = after !== null && after.moved.length > 0 ? ` < ${text(after.moved)}` : ''
    return `${sign} ${text(path)}${to}${from}`
  })
}

function bytes(text: string | undefined): Uint8Array {
  return text === undefined ? EMPTY : Buffer.from(text, 'latin1')
}

function text(path: Uint8Array): string {
  return path.length === 0 ? '/' : Buffer.from(path).toString('latin1')
}
