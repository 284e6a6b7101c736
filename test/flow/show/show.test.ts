/** show/lines.ts and show/stat.ts: what people read of a stream. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { makeItems } from '../../../src/flow/convert/make.ts'
import { showLines } from '../../../src/flow/show/lines.ts'
import { showStat } from '../../../src/flow/show/stat.ts'
import { encodeItems } from '../../../src/flow/stream/writer.ts'
import { hashBytes } from '../../../src/host/native/blake3.ts'
import { arbitraryItems } from '../../support/arbitrary-items.ts'

const file = '"kind":"file","mode":"0644","size":1234,"mtime":"1714557600"'
const id = (text: string): string => Buffer.from(hashBytes(Buffer.from(text))).toString('hex')

const rows: [what: string, sides: string, line: string][] = [
  ['a file that came', `"after":{${file}}`, 'add     file      p  1,234 bytes'],
  ['a file that went', `"before":{${file}}`, 'delete  file      p  1,234 bytes'],
  ['a directory', '"after":{"kind":"directory"}', 'add     directory p'],
  ['a symlink', '"after":{"kind":"symlink","target":"a b"}', 'add     symlink   p -> "a b"'],
  ['a device', '"after":{"kind":"char","rdev":"1:3"}', 'add     char      p  device 1:3'],
  ['a further name', `"after":{${file},"link":"a"}`, 'link    file      p = a'],
  ['a move', `"after":{${file},"moved":"old"}`, 'move    file      p  moved from old, 1,234 bytes'],
  [
    'a move onto something',
    `"before":{"kind":"fifo"},"after":{${file},"moved":"old"}`,
    'move    file      p  moved from old, in place of a fifo, 1,234 bytes',
  ],
  ['where a move began', `"before":{${file},"moved":"new"}`, 'leave   file      p  moved to new'],
  [
    'where a move began and something else is',
    `"before":{${file},"moved":"new"},"after":{"kind":"directory"}`,
    'add     directory p  what was here moved to new',
  ],
  [
    'two that changed places',
    `"before":{${file},"moved":"q"},"after":{${file},"moved":"q"}`,
    'move    file      p  moved from q, what was here moved to q, 1,234 bytes',
  ],
  [
    'another size and time',
    `"before":{${file}},"after":{"kind":"file","size":5,"mtime":"1714561200"}`,
    'change  file      p  content, size 1,234 -> 5, mtime 2024-05-01 10:00:00 -> 2024-05-01 11:00:00',
  ],
  [
    'another fraction of a second, without ids',
    `"before":{${file}},"after":{${file.replace('600"', '600.5"')}}`,
    'change  file      p  maybe content, mtime 2024-05-01 10:00:00.000000000 -> .500000000',
  ],
  [
    'other bytes of the same size and time',
    `"before":{${file},"content":"${id('a')}"},"after":{${file},"content":"${id('b')}"}`,
    'change  file      p  content',
  ],
  [
    'mode and owner',
    `"before":{${file},"user":"root"},"after":{${file.replace('0644', '4755')},"gid":7,"group":"a b"}`,
    'change  file      p  mode 0644 -> 4755, owner root:0 -> root:"a b"',
  ],
  ['nothing but hints', `"before":{"kind":"fifo"},"after":{"kind":"fifo"}`, 'change  fifo      p'],
  [
    'another kind',
    `"before":{${file}},"after":{"kind":"symlink","mode":"0644","mtime":"1714557600","target":"t"}`,
    'change  symlink   p -> t  type file -> symlink',
  ],
  [
    'another target',
    '"before":{"kind":"symlink","target":"a"},"after":{"kind":"symlink","target":"b"}',
    'change  symlink   p -> b  target a -> b',
  ],
  [
    'another device',
    '"before":{"kind":"block","rdev":"8:0"},"after":{"kind":"block","rdev":"8:1"}',
    'change  block     p  device 8:0 -> 8:1',
  ],
  [
    'attributes',
    '"before":{"kind":"fifo","xattrs":[["a","1"],["b","1"]]},"after":{"kind":"fifo","xattrs":[["b","2"],["c\\n","1"]]}',
    'change  fifo      p  xattrs ~b +c\\n -a',
  ],
  [
    'many attributes',
    `"before":{"kind":"fifo"},"after":{"kind":"fifo","xattrs":[${[...'abcdef'].map((n) => `["${n}",""]`).join()}]}`,
    'change  fifo      p  xattrs +a +b +c +d and 2 more',
  ],
  [
    'a name that joined a group',
    '"before":{"kind":"fifo"},"after":{"kind":"fifo","link":"a"}',
    'change  fifo      p = a  now linked',
  ],
  [
    'a name that left a group',
    '"before":{"kind":"fifo","link":"a"},"after":{"kind":"fifo"}',
    'change  fifo      p  no longer linked to a',
  ],
]

describe('showLines: a row of a changeset', () => {
  test.each(rows)('%s', async (_, sides, line) => {
    expect((await linesOf(`{"record":"row","path":"p",${sides}}`))[1]).toBe(line)
  })

  test.each([
    ['""', 'add     fifo      .'],
    ['"a b"', 'add     fifo      "a b"'],
    ['"a -> b"', 'add     fifo      "a -> b"'],
    ['"\\u001b[31m\\u202e"', 'add     fifo      \\x1b[31m\\u{202e}'],
    ['{"hex":"61ff"}', 'add     fifo      a\\xff'],
  ])('the path %s', async (path, line) => {
    expect((await linesOf(`{"record":"row","path":${path},"after":{"kind":"fifo"}}`))[1]).toBe(line)
  })
})

describe('showLines: an entry of a snapshot', () => {
  test.each([
    [`${file},"user":"root","gid":100`, '-rw-r--r--  root     100              1,234 2024-05-01 10:00:00.000000000 p'],
    ['"kind":"directory","mode":"1777"', 'drwxrwxrwt  0        0                    - 1970-01-01 00:00:00.000000000 p'],
    [
      '"kind":"symlink","mode":"0777","target":"\\u0007","link":"a"',
      'lrwxrwxrwx  0        0                    - 1970-01-01 00:00:00.000000000 p -> \\x07 = a',
    ],
    [
      '"kind":"char","mode":"6666","rdev":"1:3","xattrs":[["user.a",""]]',
      'crwSrwSrw-+ 0        0                  1:3 1970-01-01 00:00:00.000000000 p',
    ],
    ['"kind":"socket","mode":"7755"', 'srwsr-sr-t  0        0                    - 1970-01-01 00:00:00.000000000 p'],
    ['"kind":"fifo","mode":"1000"', 'p--------T  0        0                    - 1970-01-01 00:00:00.000000000 p'],
  ])('%s', async (side, line) => {
    const lines = await linesOf(
      '{"record":"header","kind":"snapshot"}',
      `{"record":"row","path":"p","after":{${side}}}`,
      END,
    )
    expect(lines[1]).toBe(line)
  })
})

describe('showLines: a row of a plan', () => {
  test.each([
    [`"state":"do","after":{${file}}`, 'do               add     file      p  1,234 bytes'],
    [
      `"state":"exists","after":{${file}},"seen":{"kind":"directory"}`,
      'conflict exists  add     file      p  1,234 bytes, there: directory',
    ],
    [
      `"state":"changed","before":{${file}},"seen":{${file.replace('1234', '7')}}`,
      'conflict changed delete  file      p  1,234 bytes, there: size 1,234 -> 7',
    ],
    [
      '"state":"changed","before":{"kind":"symlink","target":"a"},"seen":{"kind":"symlink","target":"b"}',
      'conflict changed delete  symlink   p -> a  there: target a -> b',
    ],
    [
      `"state":"type","before":{"kind":"fifo"},"seen":{${file}}`,
      'conflict type    delete  fifo      p  there: file of 1,234 bytes',
    ],
    [`"state":"done","before":{"kind":"fifo"},"seen":{"kind":"fifo"}`, 'done             delete  fifo      p'],
  ])('%s', async (row, line) => {
    const lines = await linesOf('{"record":"header","kind":"plan"}', `{"record":"row","path":"p",${row}}`, END)
    expect(lines[1]).toBe(line)
  })
})

const END = '{"record":"end"}'

const stream = [
  '{"record":"header","kind":"changeset","tool":"test 1","host":"h","root":"/src","data":true,"comment":"a\\u0007"}',
  '{"record":"row","path":"old","before":{"kind":"file","size":1000,"moved":"sub/new"}}',
  `{"record":"row","path":"sub","before":{"kind":"directory","mode":"0700"},"after":{"kind":"directory"}}`,
  `{"record":"row","path":"sub/a","after":{"kind":"file","size":5,"content":"${id('hello')}"}}`,
  `{"record":"row","path":"sub/b","after":{"kind":"file","size":5,"content":"${id('hello')}"}}`,
  `{"record":"row","path":"sub/big","before":{"kind":"file","size":99},"after":{"kind":"file","size":100,"content":"${id('big')}"}}`,
  `{"record":"row","path":"sub/c","after":{"kind":"file","size":5,"content":"${id('hello')}","link":"sub/a"}}`,
  `{"record":"row","path":"sub/gone","after":{"kind":"file","size":7,"content":"${id('gone')}"}}`,
  `{"record":"row","path":"sub/new","after":{"kind":"file","size":1000,"moved":"old"}}`,
  `{"record":"content","id":"${id('hello')}","bytes":"hello"}`,
  `{"record":"recipe","id":"${id('big')}","literals":"${id('x')}","ranges":[{"from":"before","path":"sub/big","length":99},{"from":"literal","length":1}]}`,
  `{"record":"content","id":"${id('x')}","bytes":"x"}`,
  '{"record":"problem","path":"lost\\n","code":"unreadable","phase":"scan","detail":"EACCES"}',
  '{"record":"end","judgedByTime":3}',
]

test('showLines: what the stream is, recipes, problems and a summary', async () => {
  expect(await linesOf(...stream)).toEqual([
    'changeset of h:/src by test 1, with contents; a\\x07',
    'leave   file      old  moved to sub/new',
    'change  directory sub  mode 0700 -> 0755',
    'add     file      sub/a  5 bytes',
    'add     file      sub/b  5 bytes',
    'change  file      sub/big  content, size 99 -> 100',
    'link    file      sub/c = sub/a',
    'add     file      sub/gone  7 bytes',
    'move    file      sub/new  moved from old, 1,000 bytes',
    'build   file      sub/big  1 of 100 bytes new, the rest from sub/big',
    'problem lost\\n  unreadable (scan: EACCES)',
    '8 rows: 3 add, 2 change, 1 move, 1 leave, 1 link; 2 contents sent (6 bytes); 3 files judged by size and time only; 1 problem',
  ])
})

test('showStat: counts, bytes, and what was saved by which means', async () => {
  const items = makeItems(each([Buffer.from(stream.join('\n'))]), { isEdited: false })
  const text = (await listOf(showStat(encodeItems(items)))).join('')
  // How well frames compress is for zstd to say.
  const compressed = / +[\d,]+\n/g
  const [before, parts, after] = text.split(/(part of the stream[\s\S]*?\n)\n/)
  expect(parts!.replaceAll(compressed, '\n')).toMatch(/rows +1 +\d+\ncontents +2 +\d+\nrecipes +1 +\d+\n/)
  expect(`${before}${after}`.split('\n')).toEqual([
    'changeset of h:/src by test 1, with contents; a\\x07',
    '',
    'operation  rows  bytes',
    'add           3     17',
    'change        2    100',
    'move          1  1,000',
    'leave         1  1,000',
    'link          1      0',
    'all           8  2,117',
    '',
    'kind       rows  add  change  move  leave  link  bytes',
    'file          7    3       1     1      1     1  2,117',
    'directory     1    0       1     0      0     0      0',
    '',
    'top directory  rows  add  change  move  leave  link  bytes',
    '.                 1    0       0     0      1     0  1,000',
    'sub               7    3       2     1      0     1  1,117',
    '',
    'contents           count  bytes',
    'needed by rows         4  1,112',
    'sent                   2      6',
    'built by recipes       1    100',
    'not in the stream      1      7',
    '',
    'saved by        count  bytes',
    'moves               1  1,000',
    'hard links          1      5',
    'recipes             1     99',
    'equal contents      1      5',
    '',
    'recipes: 1 of 100 bytes new',
    '3 files judged by size and time only',
    '1 problem',
    '',
  ])
})

test('no line of any view holds what a terminal would act upon', async () => {
  await fc.assert(
    fc.asyncProperty(arbitraryItems(), async (items) => {
      const text =
        (await listOf(showLines(each(items)))).join('') + (await listOf(showStat(encodeItems(each(items))))).join('')
      for (const line of text.split('\n')) expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
    }),
    { numRuns: 100 },
  )
})

async function linesOf(...json: string[]): Promise<string[]> {
  return (await listOf(showLines(makeItems(each([Buffer.from(json.join('\n'))]), { isEdited: false }))))
    .join('')
    .trimEnd()
    .split('\n')
}

async function* each<T>(values: Iterable<T>): AsyncIterable<T> {
  yield* values
}

async function listOf<T>(source: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const value of source) list.push(value)
  return list
}
