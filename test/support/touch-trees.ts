/** Two releases of a small source tree: all files of one time, then of another, and few of them edited. */
import {
  linkSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createMonitor } from '../../src/base/monitor.ts'
import { type DiffOptions, diff } from '../../src/flow/diff/diff.ts'
import { readItems } from '../../src/flow/stream/reader.ts'
import { encodeItems } from '../../src/flow/stream/writer.ts'
import type { Item } from '../../src/model/item.ts'
import { pathKey } from '../../src/model/path.ts'
import { rowsOf } from '../../src/model/row.ts'
import type { Touch } from '../../src/model/touch.ts'
import { copyTree } from './apply-random.ts'
import { collect, record, replayItems, withData } from './apply-tree.ts'

export const OLD_TIME = 1_700_000_000
export const NEW_TIME = 1_710_000_000

/**
 * Makes `dir/before`, `dir/after` and `dir/target`, a copy of before. A directory moves with files that keep the old time; some files
 * have a time of their own, a name among those that change is a hard link, a file is empty.
 */
export function makeTouchTrees(dir: string): void {
  const before = `${dir}/before`
  mkdirSync(`${before}/moving/deep`, { recursive: true })
  for (const name of ['a', 'b', 'c']) {
    mkdirSync(`${before}/${name}/inner`, { recursive: true })
    for (let i = 0; i < 20; i++) writeFileSync(`${before}/${name}/f${i}`, `${name} ${i}\n`)
    for (let i = 0; i < 5; i++) writeFileSync(`${before}/${name}/inner/${i}`, `${name}, inner ${i}\n`)
  }
  for (let i = 0; i < 5; i++) writeFileSync(`${before}/moving/deep/${i}`, `moving ${i}\n`)
  writeFileSync(`${before}/c/empty`, '')
  linkSync(`${before}/a/f3`, `${before}/b/linked`)
  symlinkSync('a/f3', `${before}/symlink`)
  setTimes(before, OLD_TIME)
  for (const name of ['own1', 'own2']) {
    writeFileSync(`${before}/${name}`, name)
    utimesSync(`${before}/${name}`, 1_600_000_000, 1_600_000_000.25)
  }
  copyTree(before, `${dir}/target`)
  copyTree(before, `${dir}/after`)
  changeTree(`${dir}/after`)
}

function changeTree(after: string): void {
  renameSync(`${after}/moving`, `${after}/moved`)
  const kept = `${after}.kept`
  renameSync(`${after}/moved`, kept)
  rmSync(`${after}/b/f1`)
  renameSync(`${after}/b/f2`, `${after}/c/renamed`)
  for (const name of ['a/f5', 'b/f7', 'c/inner/2']) writeFileSync(`${after}/${name}`, 'the same edit\n'.repeat(9))
  writeFileSync(`${after}/a/f9`, 'another edit\n')
  writeFileSync(`${after}/c/new`, 'new\n')
  setTimes(after, NEW_TIME)
  utimesSync(`${after}/own1`, 1_600_000_001, 1_600_000_001)
  utimesSync(`${after}/own2`, 1_600_000_000, 1_600_000_000.25)
  renameSync(kept, `${after}/moved`)
}

/** Gives every entry one time, directories last. */
export function setTimes(root: string, time: number): void {
  for (const entry of readdirSync(root, { withFileTypes: true })) {
    const path = `${root}/${entry.name}`
    if (entry.isDirectory()) setTimes(path, time)
    else lutimesSync(path, time, time)
  }
  utimesSync(root, time, time)
}

/** What leads from one tree to another, told with a touch, without contents. */
export function diffTouched(before: string, after: string, changed: Partial<DiffOptions> = {}): AsyncIterable<Item> {
  return diff({
    before: record(before, 'blake3'),
    after: record(after, 'blake3'),
    compare: { ignoreTimes: false, sizeOnly: false, ignored: new Set() },
    moves: 'proven',
    touch: true,
    tool: '',
    level: 1,
    comment: '',
    monitor: createMonitor('diff'),
    ...changed,
  })
}

/** Makes the trees, and the changeset that leads from the one to the other, with contents. */
export async function touchChangeset(dir: string): Promise<Item[]> {
  makeTouchTrees(dir)
  return collect(withData(diffTouched(`${dir}/before`, `${dir}/after`), `${dir}/after`))
}

export function touchIn(items: readonly Item[]): Touch | null {
  return items.find((item) => item.kind === 'touch')?.touch ?? null
}

export function pathsIn(items: readonly Item[]): string[] {
  return items.flatMap((item) => (item.kind === 'rows' ? rowsOf(item.batch).map(({ path }) => pathKey(path)) : []))
}

/** As a file would keep it: every rule of a stream holds. */
export function asStream(items: readonly Item[]): Promise<Item[]> {
  return collect(readItems(encodeItems(replayItems(items))))
}
