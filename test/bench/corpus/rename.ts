/** A tree before and after a reorganisation: folders renamed and moved, files moved, some of both edited. */
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { makePrng, type Prng } from '../../support/prng.ts'
import { textPool } from './generate.ts'

type Leaf = { path: string; offset: number; size: number; mtime: number; edit: number }

const FILES_PER_FOLDER = 20
const SIZE_MIN = 1000
const SIZE_MAX = 15_000
const EPOCH = 1_700_000_000

/** Writes `old` and `new` below the folder. */
export function renamePair(folder: string, files: number): string {
  const random = makePrng(21)
  const before = leavesOf(files, random)
  const after = reorganise(before, random)
  const last = before.at(-1)!
  const pool = textPool(random, last.offset + last.size)
  writeLeaves(join(folder, 'old'), before, pool)
  writeLeaves(join(folder, 'new'), after, pool)
  const oldPaths = new Map(before.map((leaf) => [leaf.path, leaf.offset]))
  const moved = after.filter((leaf) => oldPaths.get(leaf.path) !== leaf.offset).length
  const edited = after.filter((leaf) => leaf.edit > 0).length
  return `${files} files, ${moved} at another path, ${edited} edited`
}

/** Each with text of its own. */
function leavesOf(files: number, random: Prng): Leaf[] {
  let offset = 0
  return Array.from({ length: files }, (_, i) => {
    const folder = Math.floor(i / FILES_PER_FOLDER)
    const path = `area-${Math.floor(folder / 100)}/part-${Math.floor(folder / 10) % 10}/unit-${folder % 10}/file-${i}.c`
    const size = SIZE_MIN + random.below(SIZE_MAX - SIZE_MIN)
    offset += size
    return { path, offset: offset - size, size, mtime: EPOCH + random.below(1e6), edit: 0 }
  })
}

/**
 * Two areas get a new name, every seventh part of the others moves to a new area, one unit in thirty moves to another
 * part, one file in forty moves alone; one moved file in three and one other in fifty is edited.
 */
function reorganise(before: readonly Leaf[], random: Prng): Leaf[] {
  const partTarget = new Map<string, string>()
  const unitTarget = new Map<string, string>()
  const targetOf = (map: Map<string, string>, path: string, chance: number, target: string) => {
    if (!map.has(path)) map.set(path, random.oneIn(chance) ? target : path)
    return map.get(path)!
  }
  return before.map((leaf, i) => {
    const [area = '', part = '', unit = '', name = ''] = leaf.path.split('/')
    const partPath =
      area < 'area-2' ? `renamed-${area}/${part}` : targetOf(partTarget, `${area}/${part}`, 7, `moved/${area}-${part}`)
    const unitPath = targetOf(unitTarget, `${partPath}/${unit}`, 30, `elsewhere/${unit}-${i}`)
    const alone = random.oneIn(40)
    const path = alone ? `sorted/${random.below(10)}/${name}` : `${unitPath}/${name}`
    const edit = random.oneIn(path === leaf.path ? 50 : alone ? 3 : 100) ? 1 + random.below(3) : 0
    return { ...leaf, path, edit, mtime: edit > 0 ? EPOCH + 2e6 + random.below(1e6) : leaf.mtime }
  })
}

function writeLeaves(root: string, leaves: readonly Leaf[], pool: Buffer): void {
  for (const leaf of leaves) {
    const path = join(root, leaf.path)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, bytesOf(leaf, pool))
    utimesSync(path, leaf.mtime, leaf.mtime)
  }
}

/** Lines of its own at every `edit`th part of the file. */
function bytesOf({ offset, size, edit }: Leaf, pool: Buffer): Buffer {
  const bytes = pool.subarray(offset, offset + size)
  const parts: Buffer[] = []
  const step = Math.ceil(size / (edit + 1))
  for (let at = 0; at < size; at += step) {
    if (at > 0) parts.push(Buffer.from(`an edited line ${offset} ${at}\n`))
    parts.push(bytes.subarray(at, at + step))
  }
  return Buffer.concat(parts)
}
