/** The vectors: fresh, complete, and read alike by both readers, in whatever pieces they come. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { formatRules } from '../../src/base/constants.ts'
import { FormatError } from '../../src/base/errors.ts'
import { readItems } from '../../src/flow/stream/reader.ts'
import { encodeItems } from '../../src/flow/stream/writer.ts'
import { encodeLines } from '../../src/format/ndjson/line.ts'
import { decompress } from '../../src/host/native/zstd.ts'
import { framesOf } from '../support/frames.ts'
import {
  compareLines,
  inPieces,
  invalidVectors,
  linesOf,
  listOf,
  runDecoder,
  validVectors,
} from '../support/vectors.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
/** Bytes above which a stream is not read one byte at a time. */
const SMALL_BYTES = 200_000

describe('the vectors', () => {
  test('are what their sources make', () => {
    execFileSync(process.execPath, ['formats/vectors/build.mjs', '--check'], { cwd: root, stdio: 'pipe' })
  })

  test('are at least three invalid for each valid', () => {
    expect(invalidVectors.length).toBeGreaterThanOrEqual(3 * validVectors.length)
  })

  test('cover every rule, at least three times where there are several ways to break it', () => {
    const rules = Object.values(formatRules)
    const counts = rules.map((rule) => invalidVectors.filter(({ error }) => error!.rule === rule).length)
    expect(rules.filter((_, i) => counts[i]! < 3)).toEqual([])
  })

  test('name the rule of their code', () => {
    for (const { error } of invalidVectors) expect(formatRules[error!.code]).toBe(error!.rule)
  })
})

describe('our reader', () => {
  for (const { name, bytes, lines } of validVectors) {
    test(`reads ${name} in any pieces`, async () => {
      for (const size of sizesFor(bytes)) {
        const items = await listOf(readItems(inPieces(bytes, size)))
        const shown = items.flatMap((item) => encodeLines(item).trimEnd().split('\n'))
        expect(
          compareLines(
            lines!,
            shown.map((line) => JSON.parse(line)),
          ),
        ).toBe(null)
      }
    })
  }

  test('refuses each invalid one with its code at its offset, in any pieces', async () => {
    const wrong: unknown[] = []
    for (const { name, bytes, error } of invalidVectors) {
      for (const size of sizesFor(bytes)) {
        const thrown = await listOf(readItems(inPieces(bytes, size))).then(
          () => null,
          (each: unknown) => each,
        )
        const fits = thrown instanceof FormatError && thrown.code === error!.code && thrown.offset === error!.offset
        if (!fits) wrong.push([name, size, error, thrown])
      }
    }
    expect(wrong).toEqual([])
  })
})

describe('our writer', () => {
  // These hold what a writer of ours would not write again: frames of its own choice, records and fields it does not know.
  const others = ['optional', 'content-pieces', 'frames', 'zstd-blocks', 'equal-contents']
  for (const { name, bytes } of validVectors.filter((vector) => !others.includes(vector.name.slice(6)))) {
    test(`writes the frames of ${name} from its items`, async () => {
      const again = Buffer.concat(await listOf(encodeItems(readItems(inPieces(bytes, bytes.length)))))
      const records = (stream: Buffer) =>
        framesOf(stream)
          .slice(0, -1)
          .map(({ head, raw }) => [head.type, raw.toString('hex')])
      expect(records(again)).toEqual(records(bytes))
    })
  }
})

describe('the second reader', () => {
  test('has at most 200 lines, and nothing of it imports from src', () => {
    const folder = join(root, 'formats/reader')
    for (const name of readdirSync(folder)) {
      const text = readFileSync(join(folder, name), 'utf8')
      expect(text).not.toMatch(/from '[^']*src\//)
      expect(text.split('\n').length - 1).toBeLessThanOrEqual(200)
    }
  })

  test('reads and refuses as ours does', () => {
    const wrong = [...validVectors, ...invalidVectors].filter((vector) => {
      try {
        const lines = [...linesOf(vector.bytes)].map((line) => JSON.parse(JSON.stringify(line)))
        return vector.lines === null || compareLines(vector.lines, lines) !== null
      } catch (error) {
        const { code, offset } = error as { code: string; offset: number }
        return vector.error === null || vector.error.code !== code || vector.error.offset !== offset
      }
    })
    expect(wrong.map(({ name }) => name)).toEqual([])
  })
})

describe('as programs, on some of the vectors', () => {
  const some = [...validVectors, ...invalidVectors].filter((_, i) => i % 20 === 0)
  const rows: [name: string, ...command: string[]][] = [
    ['fsshow --json', process.execPath, join(root, 'bin/fsshow.cjs'), '--json'],
    ['the second reader', process.execPath, join(root, 'formats/reader/main.mjs')],
  ]
  for (const [name, ...command] of rows) {
    test(`${name} conforms`, async () => {
      expect(await runDecoder(command, some, 2)).toEqual([])
    })
  }

  test('a program that takes everything does not conform', async () => {
    expect((await runDecoder(['cat'], some, 2)).length).toBe(some.length)
  })
})

describe('other programs', () => {
  test('a zstd library decompresses every valid vector as a whole', () => {
    for (const { bytes } of validVectors) {
      const raw = Buffer.concat(framesOf(bytes).map((frame) => frame.raw))
      expect(Buffer.compare(decompress(bytes, raw.length)!, raw)).toBe(0)
    }
  })

  test.skipIf(spawnSync('file', ['--version']).error !== undefined)('file(1) names each kind of stream', () => {
    const folder = mkdtempSync(join(tmpdir(), 'fs-changeset-magic-'))
    try {
      for (const [name, expected] of [
        ['snapshot-one-file', 'fs-changeset snapshot, version 1'],
        ['changeset-operations', 'fs-changeset changeset, version 1'],
        ['plan', 'fs-changeset plan, version 1'],
        ['receipt', 'fs-changeset receipt, version 1'],
      ] as const) {
        const path = join(folder, name)
        writeFileSync(path, validVectors.find((vector) => vector.name === `valid/${name}`)!.bytes)
        const said = execFileSync('file', ['-b', '-m', join(root, 'formats/magic'), path], { encoding: 'utf8' })
        expect(said.trim()).toBe(expected)
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

function sizesFor(bytes: Buffer): number[] {
  const whole = Math.max(bytes.length, 1)
  return bytes.length <= SMALL_BYTES ? [1, 7, whole] : [4099, whole]
}
