/** The corpora: what each holds and how it is made. */
import { join } from 'node:path'
import { bigFile, editedBigFile } from './big-file.ts'
import { copyTree, editedCopy } from './copies.ts'
import { generateTree, type TreeShape } from './generate.ts'
import { nodeModulesPair, releaseOf } from './node-modules.ts'
import { npmPair, type PackagePair } from './npm.ts'
import { renamePair } from './rename.ts'
import { sourceTree } from './source-tree.ts'

/** What a corpus is made from. */
export type Kitchen = {
  /** 1, or 0.01 for a try-out of the benchmark itself. */
  scale: number
  /** Folder of another corpus; throws with its reason where that cannot be had. */
  folderOf(name: string): string
  /** Files that were downloaded once are kept here. */
  downloads: string
}

export type Corpus = {
  what: string
  /** Disk space that it takes, about. */
  bytes: number
  /** Fills the empty folder and says what went in: versions, counts. Throws where it cannot be had. */
  build(folder: string, kitchen: Kitchen): string
}

const KIB = 1024
const MIB = 1024 * KIB
const GIB = 1024 * MIB

const tree = (what: string, bytes: number, shape: Omit<TreeShape, 'prefix'> & { prefix?: string }): Corpus => ({
  what,
  bytes,
  build: (folder, { scale }) =>
    generateTree(folder, { prefix: '', ...shape, files: shape.files > 1000 ? shape.files * scale : shape.files }),
})

const pair = (bytes: number, words: PackagePair): Corpus => ({
  what: `${words.name} ${words.old} and ${words.new}`,
  bytes,
  build: (folder, { downloads }) => npmPair(folder, downloads, words),
})

export const corpora: Readonly<Record<string, Corpus>> = {
  empty: { what: 'an empty folder', bytes: 0, build: () => 'empty' },
  ten: tree('10 files of 10 kB', 100_000, { files: 10, perFolder: 10, sizeMin: 10_000, sizeMax: 10_000, seed: 1 }),
  'files-10k': tree('10,000 files of 1 KiB', 45 * MIB, {
    files: 10_000,
    perFolder: 100,
    sizeMin: KIB,
    sizeMax: KIB,
    seed: 2,
  }),
  'small-100k': tree('100,000 files of 1 KiB', 450 * MIB, {
    files: 100_000,
    perFolder: 100,
    sizeMin: KIB,
    sizeMax: KIB,
    seed: 3,
  }),
  'changed-100k': {
    what: 'small-100k with 1,000 files changed',
    bytes: 450 * MIB,
    build: (folder, kitchen) => editedCopy(kitchen.folderOf('small-100k'), folder, Math.ceil(1000 * kitchen.scale)),
  },
  'files-100k': tree('100,000 files of 0 to 1 KiB', 450 * MIB, {
    files: 100_000,
    perFolder: 100,
    sizeMin: 0,
    sizeMax: KIB,
    seed: 4,
  }),
  'files-1m': tree('1,000,000 files of 0 to 1 KiB', 4.5 * GIB, {
    files: 1_000_000,
    perFolder: 100,
    sizeMin: 0,
    sizeMax: KIB,
    seed: 5,
  }),
  'copy-1m': {
    what: 'a copy of files-1m',
    bytes: 4.5 * GIB,
    build: (folder, kitchen) => copyTree(kitchen.folderOf('files-1m'), folder),
  },
  'renamed-1m': tree('files-1m under other names', 4.5 * GIB, {
    files: 1_000_000,
    perFolder: 100,
    sizeMin: 0,
    sizeMax: KIB,
    seed: 5,
    prefix: 'new-',
  }),
  'files-5m': tree('5,000,000 files of 0 to 1 KiB', 22 * GIB, {
    files: 5_000_000,
    perFolder: 100,
    sizeMin: 0,
    sizeMax: KIB,
    seed: 6,
  }),
  'source-tree': {
    what: 'a Linux source tree',
    bytes: 1.6 * GIB,
    build: (folder, kitchen) => sourceTree(folder, kitchen, 'new'),
  },
  'source-tree-old': {
    what: 'an older Linux source tree',
    bytes: 1.6 * GIB,
    build: (folder, kitchen) => sourceTree(folder, kitchen, 'old'),
  },
  big: {
    what: 'one file of 2 GB that cannot be compressed',
    bytes: 2e9,
    build: (folder, { scale }) => bigFile(folder, 2e9 * scale),
  },
  'big-edited': {
    what: 'the same with 20 inserts, 50 overwrites and a moved megabyte',
    bytes: 2e9,
    build: (folder, kitchen) => editedBigFile(kitchen.folderOf('big'), folder),
  },
  rename: {
    what: '22,000 files; folders and hundreds of files moved, some edited',
    bytes: 400 * MIB,
    build: (folder, { scale }) => renamePair(folder, Math.ceil(22_000 * scale)),
  },
  typescript: pair(50 * MIB, { name: 'typescript', old: '5.8.3', new: '5.9.2' }),
  next: pair(250 * MIB, { name: 'next', old: '15.5.3', new: '15.5.4' }),
  'next-swc': pair(280 * MIB, { name: '@next/swc-linux-x64-gnu', old: '15.5.3', new: '15.5.4' }),
  biome: pair(120 * MIB, { name: '@biomejs/cli-linux-x64', old: '2.2.3', new: '2.2.4' }),
  'node-modules': {
    what: 'a large node_modules before and after an update',
    bytes: 1.1 * GIB,
    build: (folder) => nodeModulesPair(folder),
  },
  'node-modules-release': {
    what: 'the updated node_modules with one time for every file',
    bytes: 550 * MIB,
    build: (folder, kitchen) => releaseOf(join(kitchen.folderOf('node-modules'), 'new'), folder),
  },
}
