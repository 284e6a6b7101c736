/** tree/moves.ts: which rows tell what moved, and which contents they need. */
import { describe, expect, test } from 'vitest'
import { Kind } from '../../src/base/constants.ts'
import { needsContent } from '../../src/model/need.ts'
import { batchesOf, type Row, rowsOf } from '../../src/model/row.ts'
import { replay } from '../../src/tree/replay.ts'
import { assertSameRows, diffMoves, invertRows } from '../support/algebra.ts'
import { type Given, hint, lines, tree } from '../support/row-table.ts'

type Entries = Record<string, Given>

/** Contents by number; what is given more is not as usual. */
const file = (content: number, rest: Given = {}): Given => ({ content, ...rest })

/** Paths of the rows whose contents must be brought. */
function needing(rows: Row[]): string[] {
  return batchesOf(rows).flatMap((batch) =>
    rowsOf(batch)
      .filter((_, i) => needsContent(batch.before, batch.after, i))
      .map(({ path }) => Buffer.from(path).toString()),
  )
}

/** The rows, after the laws were checked: they replay, and their inverse is the diff of the roles changed. */
function rowsOfMove(before: Entries, after: Entries, isWeakAllowed = false): Row[] {
  const [a, b] = [tree(before), tree(after)]
  const rows = diffMoves(a, b, isWeakAllowed)
  assertSameRows(replay(a, rows), b)
  assertSameRows(invertRows(rows), diffMoves(b, a, isWeakAllowed))
  return rows
}

describe('files', () => {
  test.each<[string, Entries, Entries, string[], string[]]>([
    ['a rename', { a: file(1) }, { b: file(1) }, ['- a > b', '+ b < a'], []],
    ['with other metadata', { a: file(1) }, { b: file(1, { mode: 0, mtimeSec: 1 }) }, ['- a > b', '+ b < a'], []],
    ['with other contents', { a: file(1) }, { b: file(2) }, ['- a', '+ b'], ['b']],
    ['replaced at its old name', { a: file(1) }, { a: file(2), b: file(1) }, ['~ a > b', '+ b < a'], ['a']],
    ['a swap', { a: file(1), b: file(2) }, { a: file(2), b: file(1) }, ['~ a > b < b', '~ b > a < a'], []],
    [
      'a cycle',
      { a: file(1), b: file(2), c: file(3) },
      { a: file(3), b: file(1), c: file(2) },
      ['~ a > b < c', '~ b > c < a', '~ c > a < b'],
      [],
    ],
    ['a copy is no move', { a: file(1) }, { a: file(1), b: file(1) }, ['+ b'], ['b']],
    ['becomes a directory', { a: file(1) }, { 'a/': {}, 'a/a': file(1) }, ['~ a > a/a', '+ a/a < a'], []],
    ['empty files do not move', { a: file(1, { size: 0 }) }, { b: file(1, { size: 0 }) }, ['- a', '+ b'], []],
    [
      'a tie: the same name',
      { a: file(1), b: file(1) },
      { 'd/': {}, 'd/b': file(1) },
      ['- a', '- b > d/b', '+ d', '+ d/b < b'],
      [],
    ],
    [
      'a tie: the nearest directory',
      { 'p/': {}, 'p/q/': {}, 'p/q/x': file(1), x: file(1) },
      { 'p/': {}, 'p/q/': {}, 'p/y': file(1) },
      ['- x', '+ p/y < p/q/x', '- p/q/x > p/y'],
      [],
    ],
    [
      'a tie: row order',
      { a: file(1), b: file(1) },
      { c: file(1), d: file(1) },
      ['- a > c', '- b > d', '+ c < a', '+ d < b'],
      [],
    ],
  ])('%s', (_, before, after, expected, needed) => {
    const rows = rowsOfMove(before, after)
    expect(lines(rows)).toEqual(expected)
    expect(needing(rows)).toEqual(needed)
  })
})

describe('weak evidence', () => {
  const inode = { hint: hint(7, 100) }
  test.each<[string, Entries, Entries, boolean, string[]]>([
    ['the same inode', { a: inode }, { b: { hint: hint(7, 200) } }, false, ['- a > b', '+ b < a']],
    ['size, time and name', { a: {} }, { 'd/': {}, 'd/a': {} }, true, ['- a > d/a', '+ d', '+ d/a < a']],
    ['size and time', { a: {} }, { 'd/': {}, 'd/b': {} }, true, ['- a', '+ d', '+ d/b']],
    ['unless it is allowed', { a: {} }, { 'd/': {}, 'd/a': {} }, false, ['- a', '+ d', '+ d/a']],
    ['against ids', { a: file(1, inode) }, { b: file(2, inode) }, true, ['- a', '+ b']],
  ])('%s', (_, before, after, isWeakAllowed, expected) => {
    const rows = rowsOfMove(before, after, isWeakAllowed)
    expect(lines(rows)).toEqual(expected)
    // Contents that are only held to be the same are not known, so that whoever packs them has to look.
    expect(needing(rows)).toHaveLength(1)
  })
})

describe('directories', () => {
  const inside = (dir: string, rest: Entries = {}): Entries => ({
    [`${dir}/`]: {},
    [`${dir}/x`]: file(1),
    [`${dir}/y`]: file(2),
    [`${dir}/s/`]: {},
    [`${dir}/s/z`]: file(3),
    [`${dir}/s/l`]: { kind: Kind.symlink, size: 0, target: 'z' },
    [`${dir}/e/`]: {},
    ...rest,
  })

  test.each<[string, Entries, Entries, string[]]>([
    ['a rename is two rows', inside('d'), inside('n'), ['- d > n', '+ n < d']],
    ['into a new directory', inside('d'), { 'p/': {}, ...inside('p/d') }, ['- d > p/d', '+ p', '+ p/d < d']],
    ['into a former sibling', { 'k/': {}, ...inside('d') }, { 'k/': {}, ...inside('k/n') }, ['- d > k/n', '+ k/n < d']],
    ['a child is added', inside('d'), inside('n', { 'n/new': file(9) }), ['- d > n', '+ n < d', '+ n/new']],
    ['a child goes', inside('d', { 'd/old': file(9) }), inside('n'), ['- d > n', '+ n < d', '- d/old']],
    ['a child is edited', inside('d'), inside('n', { 'n/x': file(9) }), ['- d > n', '+ n < d', '- d/x', '+ n/x']],
    [
      'a child has another mode',
      inside('d'),
      inside('n', { 'n/x': file(1, { mode: 0 }) }),
      ['- d > n', '+ n < d', '- d/x > n/x', '+ n/x < d/x'],
    ],
    [
      'a child moves elsewhere',
      inside('d', { 'd/old': file(9) }),
      inside('n', { old: file(9) }),
      ['- d > n', '+ n < d', '+ old < d/old', '- d/old > old'],
    ],
    [
      'one that it holds moves out of it',
      inside('d', { 'd/t/': {}, 'd/t/u': file(8) }),
      inside('n', { 't2/': {}, 't2/u': file(8) }),
      ['- d > n', '+ n < d', '+ t2 < d/t', '- d/t > t2'],
    ],
    ['its own metadata', inside('d'), inside('n', { 'n/': { mode: 0 } }), ['- d > n', '+ n < d']],
    [
      'metadata of one that it holds',
      inside('d'),
      inside('n', { 'n/s/': { mode: 0 } }),
      ['- d > n', '+ n < d', '- d/s > n/s', '+ n/s < d/s'],
    ],
    ['a file takes its name', inside('d'), { d: file(7), ...inside('n') }, ['~ d > n', '+ n < d']],
    ['it takes the name of a file', { n: file(7), ...inside('d') }, inside('n'), ['- d > n', '~ n < d']],
    [
      'parent and child change places',
      { 'a/': {}, ...inside('a/b') },
      { 'b/': {}, ...inside('b/a') },
      ['- a', '+ b', '- a/b > b/a', '+ b/a < a/b'],
    ],
  ])('%s', (_, before, after, expected) => {
    expect(lines(rowsOfMove(before, after))).toEqual(expected)
  })

  test('directories that have little in common are no move', () => {
    const before = { 'd/': {}, 'd/a': file(1), 'd/b': file(2), 'd/c': file(3) }
    const after = { 'n/': {}, 'n/a': file(1), 'n/x': file(4), 'n/y': file(5) }
    expect(lines(rowsOfMove(before, after))).toEqual([
      '- d',
      '+ n',
      '- d/a > n/a',
      '- d/b',
      '- d/c',
      '+ n/a < d/a',
      '+ n/x',
      '+ n/y',
    ])
  })

  test('what is equal by its time alone does not go along unsaid', () => {
    const before = { 'd/': {}, 'd/a': {}, 'd/b': file(2) }
    const after = { 'n/': {}, 'n/a': {}, 'n/b': file(2) }
    expect(lines(rowsOfMove(before, after))).toEqual(['- d > n', '+ n < d', '- d/a', '+ n/a'])
  })

  test('the same unchanged inodes go along unsaid', () => {
    const at = (dir: string): Entries => ({ [`${dir}/`]: { hint: hint(5, 1) }, [`${dir}/a`]: { hint: hint(6, 1) } })
    expect(lines(rowsOfMove(at('d'), at('n')))).toEqual(['- d > n', '+ n < d'])
  })

  test('an empty directory is known by its inode', () => {
    expect(lines(rowsOfMove({ 'd/': { hint: hint(5, 1) } }, { 'n/': { hint: hint(5, 2) } }))).toEqual([
      '- d > n',
      '+ n < d',
    ])
  })
})

describe('hard links', () => {
  const of = (nlink: number) => ({ hint: hint(7, 100, { nlink }) })

  test('a new first name brings no contents', () => {
    const rows = rowsOfMove({ b: file(1, of(1)) }, { a: file(1, of(2)), b: file(1, { ...of(2), link: 'a' }) })
    expect(lines(rows)).toEqual(['+ a < b', '~ b > a'])
    expect(needing(rows)).toEqual([])
  })

  test('a group moves', () => {
    const group = (dir: string): Entries => ({
      [`${dir}/`]: {},
      [`${dir}/a`]: file(1, of(2)),
      [`${dir}/b`]: file(1, { ...of(2), link: `${dir}/a` }),
    })
    const rows = rowsOfMove(group('d'), group('n'))
    expect(lines(rows)).toEqual(['- d > n', '+ n < d'])
  })

  test('groups of another filesystem go along with their directory, with names in it and elsewhere', () => {
    const farm = (dir: string, ino: number): Entries => ({
      [`${dir}/`]: {},
      [`${dir}/a`]: file(1, { hint: hint(ino, 100, { nlink: 2 }) }),
      [`${dir}/b`]: file(1, { hint: hint(ino, 100, { nlink: 2 }), link: `${dir}/a` }),
      [`${dir}/c`]: file(2, { hint: hint(ino + 1, 100, { nlink: 2 }) }),
      'z/': {},
      'z/z': file(2, { hint: hint(ino + 1, 100, { nlink: 2 }), link: `${dir}/c` }),
    })
    const rows = rowsOfMove(farm('d', 7), farm('n', 70))
    expect(lines(rows)).toEqual(['- d > n', '+ n < d', '~ z/z'])
    expect(needing(rows)).toEqual([])
  })

  test('one name of several does not move alone to another inode', () => {
    const rows = rowsOfMove(
      { a: file(1, { hint: hint(7, 100, { nlink: 2 }) }), b: file(1, { hint: hint(7, 100, { nlink: 2 }), link: 'a' }) },
      { a: file(1, { hint: hint(70, 100) }), c: file(1, { hint: hint(71, 100) }) },
    )
    expect(lines(rows)).toEqual(['- b', '+ c'])
  })

  test('a group parts: one name goes along with its directory, the other stays', () => {
    const before = { 'd/': {}, 'd/a': file(1, of(2)), 'd/x': file(2), z: file(1, { ...of(2), link: '' }) }
    const rows = rowsOfMove(
      { ...before, 'd/a': file(1, of(2)), 'e/': {}, 'e/z': file(1, { ...of(2), link: 'd/a' }) },
      {
        'n/': {},
        'n/x': file(2),
        'e/': {},
        'e/z': file(1, of(2)),
        'n/a': file(1, { ...of(2), link: 'e/z' }),
        z: before.z,
      },
    )
    expect(lines(rows)).toEqual(['- d > n', '+ n < d', '- d/a > e/z', '~ e/z < d/a', '+ n/a'])
    expect(needing(rows)).toEqual([])
  })

  test('the first name goes, the next one takes its place', () => {
    const rows = rowsOfMove(
      { a: file(1, of(2)), b: file(1, { ...of(2), link: 'a' }) },
      { b: file(1, of(1)), c: file(1, { hint: hint(8, 1) }) },
    )
    expect(lines(rows)).toEqual(['- a > b', '~ b < a', '+ c'])
    expect(needing(rows)).toEqual(['c'])
  })
})
