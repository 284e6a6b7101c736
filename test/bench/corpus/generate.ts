/** Trees of small files, the same on every machine: names, sizes and bytes come from a seed. */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { makePrng, type Prng } from '../../support/prng.ts'

/** `prefix` begins the name of each file: the same seed under two prefixes is the same tree with all files renamed. */
export type TreeShape = {
  files: number
  perFolder: number
  sizeMin: number
  sizeMax: number
  seed: number
  prefix: string
}

const FOLDERS_PER_GROUP = 100
const POOL_BYTES = 16 << 20

const words = ['report', 'index', 'main', 'image', 'data', 'test', 'page', 'module', 'notes', 'config', 'table', 'view']
const endings = ['.txt', '.js', '.ts', '.json', '.c', '.h', '.png', '.md', '.css', '', '.html', '.d.ts']

/** Folders of `perFolder` files each, in groups of a hundred folders. */
export function generateTree(root: string, { files, perFolder, sizeMin, sizeMax, seed, prefix }: TreeShape): string {
  const random = makePrng(seed)
  const pool = textPool(random, POOL_BYTES)
  let folder = root
  for (let i = 0; i < files; i++) {
    if (i % perFolder === 0) {
      folder = folderPath(root, i / perFolder, files > perFolder)
      mkdirSync(folder, { recursive: true })
    }
    const size = sizeMin + random.below(sizeMax - sizeMin + 1)
    writeFile(join(folder, prefix + fileName(i, random)), pool, random.below(POOL_BYTES - size), size, i)
  }
  return `${files.toLocaleString('en')} files in ${Math.ceil(files / perFolder).toLocaleString('en')} folders`
}

function folderPath(root: string, index: number, grouped: boolean): string {
  if (!grouped) return root
  const group = String(Math.floor(index / FOLDERS_PER_GROUP)).padStart(3, '0')
  return join(root, `group-${group}`, `folder-${String(index % FOLDERS_PER_GROUP).padStart(2, '0')}`)
}

function fileName(index: number, random: Prng): string {
  return `${random.pick(words)}-${index}${random.pick(endings)}`
}

/** A piece of the pool that begins with the file's number, so that no two files of eight bytes and more are equal. */
function writeFile(path: string, pool: Buffer, offset: number, size: number, number: number): void {
  const fd = openSync(path, 'wx')
  if (size >= 8) pool.write(number.toString(16).padStart(8, '0'), offset, 'latin1')
  if (size > 0) writeSync(fd, pool, offset, size)
  closeSync(fd)
}

/** Text of made-up words in lines, which compresses about as source code does. */
export function textPool(random: Prng, bytes: number): Buffer {
  const wordOf = () =>
    random
      .bytes(12)
      .toString('base64')
      .slice(0, 3 + random.below(9))
  const vocabulary = Array.from({ length: 4000 }, () => Buffer.from(`${wordOf()}${random.oneIn(8) ? '\n' : ' '}`))
  const pool = Buffer.alloc(bytes)
  for (let offset = 0; offset < bytes; ) offset += random.pick(vocabulary).copy(pool, offset)
  return pool
}
