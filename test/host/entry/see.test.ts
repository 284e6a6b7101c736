/** Reading what is at a name: a file that has not the size that was seen has no id, and reading it ends. */
import { closeSync, openSync, statSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { contentIdOf } from '../../../src/host/check/check-content.ts'
import { closeFd, openRoot } from '../../../src/host/entry/dir.ts'
import { hashFile } from '../../../src/host/entry/see.ts'
import { hashBytes } from '../../../src/host/native/blake3.ts'
import { Errno } from '../../../src/host/native/errno.ts'
import { libc } from '../../../src/host/native/libc.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

const tempDir = useTempDirs()

test.each([0, 1, 1 << 20, (1 << 20) + 1, 3 << 20])('hashFile of %i bytes, and of one more or less', (size) => {
  const bytes = Buffer.alloc(size, 'x')
  const path = `${tempDir()}/f`
  writeFileSync(path, bytes)
  const fd = openSync(path, 'r')
  const ids = [size - 1, size, size + 1].map((seen) => hashFile(fd, seen, Buffer.from(path)))
  closeSync(fd)
  expect(ids.map((id) => id && Buffer.from(id).toString('hex'))).toEqual([
    null,
    Buffer.from(hashBytes(bytes)).toString('hex'),
    null,
  ])
})

test('contentIdOf says ESTALE of a file that has grown', () => {
  const dir = tempDir()
  writeFileSync(`${dir}/f`, 'text')
  const { ino } = statSync(`${dir}/f`, { bigint: true })
  const fd = openRoot(Buffer.from(dir))
  const name = Buffer.from('f')
  expect(contentIdOf(fd, name, { ino, size: 4 }, name)).toEqual(hashBytes(Buffer.from('text')))
  writeFileSync(`${dir}/f`, 'text, more')
  expect(contentIdOf(fd, name, { ino, size: 4 }, name)).toBe(null)
  expect(libc.errno()).toBe(Errno.ESTALE)
  closeFd(fd)
})
