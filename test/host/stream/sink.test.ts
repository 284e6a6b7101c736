/** Sinks and sources: whole files or none, bytes in order, whatever the pieces. */
import { execFileSync, spawn } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runCleanups } from '../../../src/base/cleanup.ts'
import { HostError } from '../../../src/base/errors.ts'
import { openSink } from '../../../src/host/stream/sink.ts'
import { readBytes } from '../../../src/host/stream/stdio.ts'
import { withTempDir } from '../../support/temp-dir.ts'

const bytes = (text: string) => Buffer.from(text)

async function writeFile(path: string, ...pieces: Uint8Array[]): Promise<void> {
  const sink = openSink(bytes(path))
  for (const piece of pieces) await sink.write(piece)
  await sink.finish({ durable: true })
}

async function readFile(path: string): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of readBytes(bytes(path))) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Bytes that tell their position. */
function pattern(length: number): Buffer {
  return Buffer.from(Uint32Array.from({ length: length / 4 }, (_, i) => Math.imul(i, 2654435761)).buffer)
}

describe('a file', () => {
  test('is not there before finish, and whole afterwards', () =>
    withTempDir(async (dir) => {
      const sink = openSink(bytes(join(dir, 'x')))
      expect(readdirSync(dir)).toEqual([])
      await sink.write(pattern(1 << 18))
      expect(existsSync(join(dir, 'x'))).toBe(false)
      await sink.finish({ durable: false })
      expect(readdirSync(dir)).toEqual(['x'])
      expect(readFileSync(join(dir, 'x'))).toEqual(pattern(1 << 18))
    }))

  test('is not made where nothing is written', () =>
    withTempDir(async (dir) => {
      await writeFile(join(dir, 'x'))
      expect(readdirSync(dir)).toEqual([])
    }))

  test('stays as it was, and nothing beside it, after abort and after an interrupt', () =>
    withTempDir(async (dir) => {
      writeFileSync(join(dir, 'x'), 'old')
      for (const stop of ['abort', 'interrupt']) {
        const sink = openSink(bytes(join(dir, 'x')))
        await sink.write(pattern(1 << 20))
        if (stop === 'abort') await sink.abort()
        else runCleanups()
        expect(readdirSync(dir)).toEqual(['x'])
        expect(readFileSync(join(dir, 'x'), 'utf8')).toBe('old')
      }
    }))

  test('keeps its mode when it is replaced', () =>
    withTempDir(async (dir) => {
      writeFileSync(join(dir, 'x'), 'old')
      chmodSync(join(dir, 'x'), 0o600)
      await writeFile(join(dir, 'x'), bytes('new'))
      expect(statSync(join(dir, 'x')).mode & 0o777).toBe(0o600)
      expect(readFileSync(join(dir, 'x'), 'utf8')).toBe('new')
    }))

  test('is replaced behind a symbolic link, which stays', () =>
    withTempDir(async (dir) => {
      writeFileSync(join(dir, 'x'), 'old')
      symlinkSync('x', join(dir, 'l'))
      await writeFile(join(dir, 'l'), bytes('new'))
      expect(lstatSync(join(dir, 'l')).isSymbolicLink()).toBe(true)
      expect(readFileSync(join(dir, 'x'), 'utf8')).toBe('new')
    }))

  test('that is a device is written to, not replaced', async () => {
    await writeFile('/dev/null', bytes('x'))
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true)
  })

  test('takes pieces of any size in order', () =>
    withTempDir(async (dir) => {
      const whole = pattern(1 << 19)
      const pieces: Uint8Array[] = []
      for (let at = 0, step = 1; at < whole.length; at += step, step = (step * 7 + 1) % 70001) {
        pieces.push(whole.subarray(at, Math.min(at + step, whole.length)))
      }
      await writeFile(join(dir, 'x'), ...pieces)
      expect(readFileSync(join(dir, 'x')).equals(whole)).toBe(true)
    }))

  test('in a folder that is not there is a HostError with its path', async () => {
    const error = await writeFile('/nowhere/at/all', bytes('x')).catch((thrown) => thrown)
    expect(error).toBeInstanceOf(HostError)
    expect(error).toMatchObject({ code: 'ENOENT', call: 'open', path: bytes('/nowhere/at/all') })
  })
})

describe('a source', () => {
  test('gives a file of many chunks', () =>
    withTempDir(async (dir) => {
      writeFileSync(join(dir, 'x'), pattern(3_000_000))
      expect((await readFile(join(dir, 'x'))).equals(pattern(3_000_000))).toBe(true)
    }))

  test('gives a pipe', () =>
    withTempDir(async (dir) => {
      const pipe = join(dir, 'p')
      execFileSync('mkfifo', [pipe])
      writeFileSync(join(dir, 'x'), pattern(1_000_000))
      spawn('sh', ['-c', 'cat x > p'], { cwd: dir })
      expect((await readFile(pipe)).equals(pattern(1_000_000))).toBe(true)
    }))

  test('that is not there or a directory is a HostError with its path', async () => {
    await expect(readFile('/nowhere')).rejects.toMatchObject({ code: 'ENOENT', call: 'open', path: bytes('/nowhere') })
    await expect(readFile('/')).rejects.toMatchObject({ code: 'EISDIR', call: 'read', path: bytes('/') })
  })
})
