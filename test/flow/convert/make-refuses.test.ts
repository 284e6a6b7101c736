/** What makeItems refuses: each fault of a line has its code and the line's number. */
import { describe, expect, test } from 'vitest'
import { LineError } from '../../../src/base/errors.ts'
import { makeItems } from '../../../src/flow/convert/make.ts'

const header = '{"record":"header"}'
const fifo = '"after":{"kind":"fifo"}'
const rowA = `{"record":"row","path":"a",${fifo}}`
const id = '11'.repeat(32)
const side = (fields: string): string => `{"record":"row","path":"a","after":{"kind":${fields}}}`
const hint = (fields: string): string => side(`"file","size":9,"hint":{${fields}}`)

const refused: [what: string, lines: string[], code: string, line: number][] = [
  ['no JSON', ['x'], 'bad-record', 1],
  ['no object', ['[]'], 'bad-field', 1],
  ['no UTF-8', ['{"record":"row","path":"\xff"}'], 'bad-record', 1],
  ['no record', ['{}'], 'bad-field', 1],
  ['an unknown record', [rowA, '{"record":"rows"}'], 'unknown-record', 2],
  ['an unknown field', ['{"record":"end","rows":1}'], 'unknown-field', 1],
  ['an unknown version', ['{"record":"header","format":2}'], 'unknown-version', 1],
  ['an unknown kind of stream', ['{"record":"header","kind":"diff"}'], 'bad-value', 1],
  ['a second header', [header, header], 'misplaced-frame', 2],
  ['a late header', [rowA, header], 'misplaced-frame', 2],
  ['a header without an end', ['', header, rowA], 'truncated', 4],
  ['a record behind the end', ['{"record":"end"}', rowA], 'trailing-bytes', 2],
  ['a total that is not so', [rowA, '{"record":"end","rowCount":2}'], 'end-mismatch', 2],
  ['rows out of order', [rowA, '', `{"record":"row","path":"A",${fifo}}`], 'out-of-order', 3],
  ['a row twice', [rowA, rowA], 'out-of-order', 2],
  ['children before a sibling', [`{"record":"row","path":"a/b",${fifo}}`, rowA], 'out-of-order', 2],
  ['a path that goes up', [`{"record":"row","path":"../a",${fifo}}`], 'bad-name', 1],
  ['an absolute path', [`{"record":"row","path":"/a",${fifo}}`], 'bad-name', 1],
  ['a path with a NUL', [`{"record":"row","path":"a\\u0000",${fifo}}`], 'bad-name', 1],
  ['half a surrogate pair', [`{"record":"row","path":"\\ud800",${fifo}}`], 'bad-field', 1],
  ['a path of odd hex', [`{"record":"row","path":{"hex":"abc"},${fifo}}`], 'bad-field', 1],
  ['a name that is too long', [`{"record":"row","path":"${'a'.repeat(1025)}",${fifo}}`], 'path-too-long', 1],
  ['no side', ['{"record":"row","path":"a"}'], 'wrong-side', 1],
  [
    'before in a snapshot',
    ['{"record":"header","kind":"snapshot"}', `{"record":"row","path":"a","before":{"kind":"fifo"}}`],
    'wrong-side',
    2,
  ],
  ['seen in a changeset', [`{"record":"row","path":"a",${fifo},"seen":{"kind":"fifo"}}`], 'wrong-side', 1],
  ['a state in a changeset', [`{"record":"row","path":"a",${fifo},"state":"do"}`], 'wrong-side', 1],
  ['a side without kind', ['{"record":"row","path":"a","after":{}}'], 'bad-field', 1],
  ['an absent side', [side('"absent"')], 'bad-value', 1],
  ['a null', [side('"file","size":null')], 'bad-field', 1],
  ['a size that is no integer', [side('"file","size":1.5')], 'bad-field', 1],
  ['a size below zero', [side('"file","size":-1')], 'bad-value', 1],
  ['a size beyond 2^53', [side('"file","size":9007199254740992')], 'bad-value', 1],
  ['a mode in decimal', [side('"file","mode":420')], 'bad-field', 1],
  ['a mode that is not octal', [side('"file","mode":"0888"')], 'bad-value', 1],
  ['a mode with the kind in it', [side('"file","mode":"100644"')], 'bad-value', 1],
  ['a time that is a number', [side('"file","mtime":1.5')], 'bad-field', 1],
  ['a time that is a date', [side('"file","mtime":"2024-05-01"')], 'bad-value', 1],
  ['a size of a directory', [side('"directory","size":1')], 'bad-attribute', 1],
  ['a link of a directory', [side('"directory","link":"b"')], 'bad-attribute', 1],
  ['a target of a file', [side('"file","target":"b"')], 'bad-attribute', 1],
  ['a symlink without target', [side('"symlink"')], 'bad-field', 1],
  ['an empty target', [side('"symlink","target":""')], 'bad-value', 1],
  ['a link that goes up', [side('"file","link":"../b"')], 'bad-name', 1],
  ['a link to a name behind', [side('"file","link":"b"')], 'bad-link', 1],
  ['a move from itself', [side('"file","moved":"a"')], 'bad-link', 1],
  ['a device of a file', [side('"file","rdev":"1:3"')], 'bad-attribute', 1],
  ['a device that is none', [side('"char","rdev":"1"')], 'bad-value', 1],
  ['an id that is too short', [side('"file","content":"11"')], 'bad-field', 1],
  ['an id that is all zero', [side(`"file","content":"${'00'.repeat(32)}"`)], 'bad-value', 1],
  ['attributes as an object', [side('"file","xattrs":{"user.a":"b"}')], 'bad-field', 1],
  ['an attribute without value', [side('"file","xattrs":[["user.a"]]')], 'bad-xattrs', 1],
  ['an attribute twice', [side('"file","xattrs":[["user.a","1"],["user.a","2"]]')], 'bad-xattrs', 1],
  ['an attribute without name', [side('"file","xattrs":[["",""]]')], 'bad-xattrs', 1],
  ['an inode number that is none', [hint('"ino":1.5')], 'bad-value', 1],
  ['an inode number beyond 2^64', [hint('"ino":"18446744073709551616"')], 'bad-value', 1],
  ['an unknown hint', [hint('"atime":"1"')], 'unknown-field', 1],
  ['a hole beyond the end', [hint('"holes":[[8,2]]')], 'bad-holes', 1],
  ['holes that touch', [hint('"holes":[[0,2],[2,2]]')], 'bad-holes', 1],
  ['a hole that is none', [hint('"holes":[[1]]')], 'bad-holes', 1],
  ['holes of a directory', [side('"directory","hint":{"holes":[]}')], 'bad-attribute', 1],
  [
    'two names of a user',
    [side('"file","uid":7,"user":"a"'), `{"record":"row","path":"b","after":{"kind":"file","uid":7,"user":"b"}}`],
    'bad-owners',
    2,
  ],
  ['an empty name of a group', [side('"file","group":""')], 'bad-owners', 1],
  ['a name of a user that is too long', [side(`"file","user":"${'u'.repeat(1025)}"`)], 'bad-owners', 1],
  ['a content that no row has', [rowA, `{"record":"content","id":"${id}","bytes":"x"}`], 'unneeded-content', 2],
  [
    'a content of other bytes',
    [side(`"file","size":1,"content":"${id}"`), `{"record":"content","id":"${id}","bytes":"x"}`],
    'content-mismatch',
    2,
  ],
  [
    'a content in part',
    [
      side(`"file","size":2,"content":"${id}"`),
      `{"record":"content","id":"${id}","bytes":"x","size":2}`,
      '{"record":"end"}',
    ],
    'bad-content',
    3,
  ],
  [
    'a piece beyond its content',
    [side(`"file","size":2,"content":"${id}"`), `{"record":"content","id":"${id}","bytes":"xyz","size":2}`],
    'bad-content',
    2,
  ],
  ['an empty piece', [`{"record":"content","id":"${id}","bytes":""}`], 'bad-field', 1],
  ['a recipe without ranges', [`{"record":"recipe","id":"${id}","ranges":[]}`], 'bad-recipe', 1],
  [
    'a recipe of another size',
    [`{"record":"recipe","id":"${id}","size":3,"ranges":[{"from":"before","path":"a","length":2}]}`],
    'bad-recipe',
    1,
  ],
  [
    'a recipe with literals and none',
    [`{"record":"recipe","id":"${id}","ranges":[{"from":"literal","length":2}]}`],
    'bad-recipe',
    1,
  ],
  [
    'a literal with a path',
    [`{"record":"recipe","id":"${id}","ranges":[{"from":"literal","length":2,"path":"a"}]}`],
    'bad-attribute',
    1,
  ],
  [
    'a recipe from outside',
    [`{"record":"recipe","id":"${id}","ranges":[{"from":"after","length":2,"path":"../a"}]}`],
    'bad-recipe',
    1,
  ],
  [
    'a recipe from beyond any file',
    [`{"record":"recipe","id":"${id}","ranges":[{"from":"before","offset":9007199254740991,"length":2,"path":"a"}]}`],
    'bad-recipe',
    1,
  ],
  [
    'chunks that do not ascend',
    [`{"record":"chunks","id":"${id}","chunks":[[2,"${'22'.repeat(16)}"],[2,"${'22'.repeat(16)}"]]}`],
    'bad-chunks',
    1,
  ],
  ['a chunk with a short id', [`{"record":"chunks","id":"${id}","chunks":[[2,"22"]]}`], 'bad-chunks', 1],
  ['an unknown problem', ['{"record":"problem","path":"a","code":"x","phase":"scan"}'], 'bad-value', 1],
  ['a problem without phase', ['{"record":"problem","path":"a","code":"vanished"}'], 'bad-field', 1],
  [
    'an optional record whose name has too many bytes',
    [`{"record":"optional","name":"x.${'é'.repeat(512)}"}`],
    'bad-field',
    1,
  ],
  ['an optional record with a name of ours', ['{"record":"optional","name":"rows","value":""}'], 'unknown-record', 1],
]

describe('makeItems refuses', () => {
  test.each(refused)('%s', async (_, lines, code, line) => {
    const source = Buffer.from(lines.join('\n'), lines.includes('{"record":"row","path":"\xff"}') ? 'latin1' : 'utf8')
    const error = await itemsOf(source).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(LineError)
    expect(error).toMatchObject({ code, line })
  })
})

async function itemsOf(bytes: Uint8Array): Promise<void> {
  async function* source() {
    yield bytes
  }
  for await (const _ of makeItems(source(), { isEdited: false }));
}
