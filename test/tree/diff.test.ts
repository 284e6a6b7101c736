/** tree/diff.ts, compare.ts, blind-spots.ts: what counts as a difference, and what cannot be told. */
import { describe, expect, test } from 'vitest'
import { Kind } from '../../src/base/constants.ts'
import { needsContent } from '../../src/model/need.ts'
import type { Problem } from '../../src/model/problem.ts'
import { batchesOf, rowsOf } from '../../src/model/row.ts'
import { encodeXattrs } from '../../src/model/xattrs.ts'
import { type DiffRules, TreeDiff } from '../../src/tree/diff.ts'
import { compileFilters } from '../../src/tree/filter.ts'
import { diffRows, drive, plainRules } from '../support/algebra.ts'
import { type Given, hint, lines, tree } from '../support/row-table.ts'

const xattrs = encodeXattrs([{ name: Buffer.from('user.a'), value: Buffer.from('1') }])
const ignoring = (...aspects: string[]): DiffRules => ({
  ...plainRules,
  ignored: new Set(aspects) as DiffRules['ignored'],
})
const ignoreTimes: DiffRules = { ...plainRules, ignoreTimes: true }
const sizeOnly: DiffRules = { ...plainRules, sizeOnly: true }

/** One file before and after: is there a row, does it need contents, and were contents judged by their time? */
function judge(before: Given, after: Given, rules: DiffRules = plainRules): string {
  const engine = new TreeDiff(rules)
  const batches = drive(engine, batchesOf(tree({ f: before })), batchesOf(tree({ f: after })))
  const batch = batches[0]
  const row = batch === undefined ? 'equal' : needsContent(batch.before, batch.after, 0) ? 'content' : 'metadata'
  return engine.judgedByTime > 0 ? `${row}, by time` : row
}

const same = hint(5, 100)
const moved = hint(5, 200)

test.each<[string, Given, Given, DiffRules, string]>([
  ['nothing differs', {}, {}, plainRules, 'equal, by time'],
  ['the same unchanged inode', { hint: same }, { hint: same }, plainRules, 'equal'],
  ['ids agree', { content: 1 }, { content: 1 }, plainRules, 'equal'],
  ['ids agree, times differ', { content: 1 }, { content: 1, mtimeSec: 1 }, plainRules, 'metadata'],
  ['ids differ, all else agrees', { content: 1 }, { content: 2 }, plainRules, 'content'],
  ['one id is not known', { content: 1 }, {}, plainRules, 'equal, by time'],
  ['empty files', { size: 0 }, { size: 0 }, plainRules, 'equal'],
  ['empty files of different times', { size: 0 }, { size: 0, mtimeSec: 1 }, plainRules, 'metadata'],
  ['size', {}, { size: 11 }, plainRules, 'content'],
  ['seconds', {}, { mtimeSec: 1 }, plainRules, 'content'],
  ['nanoseconds', {}, { mtimeNsec: 1 }, plainRules, 'content'],
  ['mode', {}, { mode: 0o600 }, plainRules, 'metadata, by time'],
  ['owner', {}, { uid: 1 }, plainRules, 'metadata, by time'],
  ['group', {}, { gid: 1 }, plainRules, 'metadata, by time'],
  ['xattrs', {}, { xattrs }, plainRules, 'metadata, by time'],
  ['kind', {}, { kind: Kind.fifo, size: 0 }, plainRules, 'metadata'],
  ['a change time moved', { hint: same }, { hint: moved }, plainRules, 'content'],
  ['... on another inode', { hint: same }, { hint: hint(6, 200) }, plainRules, 'equal, by time'],
  ['... on another device', { hint: same }, { hint: { ...moved, devMinor: 2 } }, plainRules, 'equal, by time'],
  ['... with ids that agree', { hint: same, content: 1 }, { hint: moved, content: 1 }, plainRules, 'equal'],
  ['... which its mode explains', { hint: same }, { hint: moved, mode: 0 }, plainRules, 'metadata, by time'],
  ['... which its owner explains', { hint: same }, { hint: moved, gid: 7 }, plainRules, 'metadata, by time'],
  ['... which its xattrs explain', { hint: same }, { hint: moved, xattrs }, plainRules, 'metadata, by time'],
  ['... which its links explain', { hint: same }, { hint: { ...moved, nlink: 2 } }, plainRules, 'equal, by time'],
  ['... which an ignored mode explains', { hint: same }, { hint: moved, mode: 0 }, ignoring('mode'), 'equal, by time'],
  ['... which unread xattrs do not', { hint: same }, { hint: moved, xattrs }, ignoring('xattrs'), 'content'],
  ['ignore-times: all is suspect', { hint: same }, { hint: same }, ignoreTimes, 'content'],
  ['ignore-times: with metadata', {}, { mode: 0 }, ignoreTimes, 'content'],
  ['ignore-times: ids agree', { content: 1 }, { content: 1 }, ignoreTimes, 'equal'],
  ['size-only: times differ', {}, { mtimeSec: 1 }, sizeOnly, 'equal, by time'],
  ['size-only: mode too', {}, { mtimeSec: 1, mode: 0 }, sizeOnly, 'metadata, by time'],
  ['size-only: ids differ', { content: 1 }, { content: 2 }, sizeOnly, 'content'],
  ['size-only: change time', { hint: same }, { hint: moved }, sizeOnly, 'equal, by time'],
  ['ignoring times: contents may differ', {}, { mtimeSec: 1 }, ignoring('times'), 'content'],
  ['ignoring times: ids agree', { content: 1 }, { content: 1, mtimeSec: 1 }, ignoring('times'), 'equal'],
  ['ignoring mode', { content: 1 }, { content: 1, mode: 0 }, ignoring('mode'), 'equal'],
  ['ignoring owner', { content: 1 }, { content: 1, uid: 9 }, ignoring('owner'), 'equal'],
])('%s', (_, before, after, rules, expected) => {
  expect(judge(before, after, rules)).toBe(expected)
})

test('what is ignored stays as it was in rows that are there for another reason', () => {
  const rows = diffRows(tree({ f: { uid: 1 } }), tree({ f: { uid: 2, mode: 0 } }), ignoring('owner'))
  expect(rows.map(({ after }) => [after!.uid, after!.mode])).toEqual([[1, 0]])
})

test.each<[string, Record<string, Given>, Record<string, Given>, string[]]>([
  ['a directory that goes takes all with it', { 'd/': {}, 'd/e/': {}, 'd/e/f': {} }, {}, ['- d', '- d/e', '- d/e/f']],
  ['a directory becomes a file', { 'd/': {}, 'd/f': {} }, { d: {} }, ['~ d', '- d/f']],
  ['a file becomes a directory', { d: {} }, { 'd/': {}, 'd/f': {} }, ['~ d', '+ d/f']],
  [
    "'/' sorts below every other byte",
    { 'a/': {}, 'a/x': {}, 'a!/': {}, 'a!/x': {} },
    {},
    ['- a', '- a!', '- a/x', '- a!/x'],
  ],
  ['the time of a directory', { 'd/': {} }, { 'd/': { mtimeSec: 1 } }, ['~ d']],
  [
    'the target of a symlink',
    { s: { kind: Kind.symlink, size: 0, target: 'a' } },
    { s: { kind: Kind.symlink, size: 0, target: 'b' } },
    ['~ s'],
  ],
  [
    'the number of a device',
    { c: { kind: Kind.char, size: 0, rdevMinor: 1 } },
    { c: { kind: Kind.char, size: 0, rdevMinor: 2 } },
    ['~ c'],
  ],
])('%s', (_, before, after, expected) => {
  expect(lines(diffRows(tree(before), tree(after)))).toEqual(expected)
})

describe('hard links', () => {
  test.each<[string, Record<string, Given>, Record<string, Given>, string[], string[]]>([
    ['a further name', { a: {} }, { a: {}, b: { link: 'a' } }, ['+ b'], []],
    ['a new first name', { b: {} }, { a: {}, b: { link: 'a' } }, ['+ a', '~ b'], ['a']],
    [
      'the first name goes',
      { a: {}, b: { link: 'a' }, c: { link: 'a' } },
      { b: {}, c: { link: 'b' } },
      ['- a', '~ b', '~ c'],
      [],
    ],
    ['a name leaves', { a: {}, b: { link: 'a' } }, { a: {}, b: {} }, ['~ b'], []],
    ['two groups merge', { a: {}, b: {} }, { a: {}, b: { link: 'a' } }, ['~ b'], []],
    [
      'a group changes',
      { a: {}, b: { link: 'a' } },
      { a: { size: 9 }, b: { size: 9, link: 'a' } },
      ['~ a', '~ b'],
      ['a'],
    ],
  ])('%s', (_, before, after, expected, needing) => {
    const batches = drive(new TreeDiff(plainRules), batchesOf(tree(before)), batchesOf(tree(after)))
    expect(lines(batches.flatMap(rowsOf))).toEqual(expected)
    const [batch] = batches
    const needed = rowsOf(batch!).filter((_, i) => needsContent(batch!.before, batch!.after, i))
    expect(needed.map(({ path }) => Buffer.from(path).toString())).toEqual(needing)
  })

  test('ignored, each name is a file of its own', () => {
    const rows = diffRows(tree({ a: {} }), tree({ a: {}, b: { link: 'a' } }), ignoring('links'))
    expect(rows.map(({ after }) => after!.link.length)).toEqual([0])
  })
})

describe('what a snapshot could not see', () => {
  const problem = (path: string, code: Problem['code']): Problem => ({
    path: Buffer.from(path),
    code,
    phase: 'scan',
    detail: '',
  })
  const full = tree({ a: {}, 'd/': {}, 'd/e/': {}, 'd/e/f': {}, 'd/g': {}, z: {} })
  const none = tree({})

  test.each<[string, Problem[], string[]]>([
    ['nothing is hidden', [], ['- a', '- d', '- z', '- d/e', '- d/g', '- d/e/f']],
    ['a vanished file', [problem('a', 'vanished')], ['- d', '- z', '- d/e', '- d/g', '- d/e/f']],
    ['a vanished directory', [problem('d', 'vanished')], ['- a', '- z']],
    ['all', [problem('', 'unreadable')], []],
    ['an entry that changed while it was read', [problem('a', 'changed')], ['- d', '- z', '- d/e', '- d/g', '- d/e/f']],
    ['a directory that changed while it was read', [problem('d', 'changed')], ['- a', '- z']],
  ])('%s', (_, problems, expected) => {
    for (const side of ['before', 'after'] as const) {
      const engine = new TreeDiff(plainRules)
      for (const each of problems) engine.blindSpots[side].addProblem(each)
      const [before, after] = side === 'after' ? [full, none] : [none, full]
      const rows = drive(engine, batchesOf(before), batchesOf(after)).flatMap(rowsOf)
      expect(lines(rows)).toEqual(expected.map((line) => (side === 'after' ? line : line.replace('-', '+'))))
      expect(engine.leftOut).toBe(6 - expected.length)
    }
  })

  test('an unreadable directory that both have', () => {
    const engine = new TreeDiff(plainRules)
    engine.blindSpots.after.addProblem(problem('d/e', 'unreadable'))
    const rows = drive(engine, batchesOf(full), batchesOf(tree({ 'd/': {}, 'd/e/': {} }))).flatMap(rowsOf)
    expect(lines(rows)).toEqual(['- a', '- z', '- d/g'])
  })

  test('attributes that were not read', () => {
    const engine = new TreeDiff(plainRules)
    engine.blindSpots.after.addProblem(problem('a', 'xattrs-unreadable'))
    const rows = drive(engine, batchesOf(tree({ a: { xattrs }, b: { xattrs } })), batchesOf(tree({ a: {}, b: {} })))
    expect(lines(rows.flatMap(rowsOf))).toEqual(['~ b'])
  })

  test.each<[string, string[], string[], string[]]>([
    ['the same filters hide nothing', [], [], ['- a.o', '- d', '- d/b', '- d/b.o']],
    ['the new filters hide files', [], ['- *.o'], ['- d', '- d/b', '- d/b.o']],
    ['the new filters hide a directory', [], ['- d/'], ['- a.o']],
    ['the old filters hide no delete', ['- *.o'], [], ['- a.o', '- d', '- d/b', '- d/b.o']],
  ])('%s', (_, before, after, expected) => {
    const filters =
      before.length + after.length === 0 ? null : { before: compileFilters(before), after: compileFilters(after) }
    const old = tree({ 'a.o': {}, 'd/': {}, 'd/b': {}, 'd/b.o': {} })
    expect(lines(diffRows(old, none, { ...plainRules, filters }))).toEqual(expected)
  })

  test('a first name that the new filters leave out is no reason to part its group', () => {
    const filters = { before: compileFilters([]), after: compileFilters(['- a']) }
    const rows = diffRows(tree({ a: {}, b: { link: 'a' } }), tree({ b: {} }), { ...plainRules, filters })
    expect(lines(rows)).toEqual([])
  })
})
