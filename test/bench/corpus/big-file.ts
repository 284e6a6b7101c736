/** One large file that cannot be compressed, and the same file edited here and there. */
import { createCipheriv } from 'node:crypto'
import { closeSync, openSync, readSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { makePrng } from '../../support/prng.ts'

const NAME = 'big.bin'
const PIECE_BYTES = 8 << 20

/** The key stream of AES-128 in counter mode under a fixed key. */
export function bigFile(folder: string, bytes: number): string {
  const stream = createCipheriv('aes-128-ctr', Buffer.alloc(16, 7), Buffer.alloc(16))
  const fd = openSync(join(folder, NAME), 'wx')
  for (let left = bytes; left > 0; left -= PIECE_BYTES) {
    writeSync(fd, stream.update(Buffer.alloc(Math.min(left, PIECE_BYTES))))
  }
  closeSync(fd)
  return `${bytes.toLocaleString('en')} bytes`
}

type Edit = { at: number; skip: number; insert: Buffer }

/** 20 inserts, 50 overwrites and one megabyte moved, spread over the file. */
export function editedBigFile(source: string, folder: string): string {
  const input = openSync(join(source, NAME), 'r')
  const output = openSync(join(folder, NAME), 'wx')
  const { size } = statSync(join(source, NAME))
  let offset = 0
  for (const { at, skip, insert } of editsOf(input, size)) {
    copyRange(input, output, offset, at)
    writeSync(output, insert)
    offset = at + skip
  }
  copyRange(input, output, offset, size)
  closeSync(input)
  closeSync(output)
  return '20 inserts, 50 overwrites, one megabyte moved'
}

/** In order of offset, one in each of 72 equal parts of the file, so that none touches another. */
function editsOf(input: number, size: number): Edit[] {
  const random = makePrng(11)
  const part = Math.floor(size / 72)
  const megabyte = Math.min(1 << 20, part >> 1)
  const edits: Edit[] = []
  for (let i = 1; i < 71; i++) {
    const at = i * part + random.below(part >> 2)
    const insert = random.bytes(100 + random.below(i % 7 < 2 ? 5000 : 60_000))
    edits.push({ at, skip: i % 7 < 2 ? 0 : insert.length, insert })
  }
  const moved = Buffer.alloc(megabyte)
  readSync(input, moved, 0, megabyte, 0)
  edits.unshift({ at: 0, skip: megabyte, insert: Buffer.alloc(0) })
  edits.push({ at: 71 * part, skip: 0, insert: moved })
  return edits
}

function copyRange(input: number, output: number, from: number, to: number): void {
  const piece = Buffer.allocUnsafe(PIECE_BYTES)
  for (let offset = from; offset < to; ) {
    const count = readSync(input, piece, 0, Math.min(PIECE_BYTES, to - offset), offset)
    writeSync(output, piece, 0, count)
    offset += count
  }
}
