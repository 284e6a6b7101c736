/** Which tree contents are read from: the one that is named, or the one that the stream names, where it is here. */
import { assert } from '../base/assert.ts'
import { RefusedError, UsageError } from '../base/errors.ts'
import type { OldFiles } from '../flow/pack/old-files.ts'
import { type PackOptions, pack } from '../flow/pack/pack.ts'
import type { ScanOptions } from '../flow/scan/scan.ts'
import { startingWith } from '../flow/stream/starting-with.ts'
import { hostMatches } from '../host/walk/at-hand.ts'
import { escapeText, quotePath } from '../model/escape.ts'
import type { Header, Item } from '../model/item.ts'
import { openFrames, openItems } from './input.ts'

export type PackFromOptions = {
  /** The tree that the user named, or null. */
  source: Uint8Array | null
  /** Told of a tree that is not here, and the items then pass as they are; null: an error. */
  onAbsent: ((tree: string) => void) | null
} & Omit<PackOptions, 'source'>

/** @throws UsageError where contents of both trees are wanted and the old one is not named */
export function checkBoth(both: boolean, basis: Uint8Array | null): void {
  if (both && basis === null) throw new UsageError('both', '--both needs --basis DIR, where the old tree can be read')
}

/** The items with contents, where the tree they lead to can be read. */
export async function* packFrom(items: AsyncIterable<Item>, options: PackFromOptions): AsyncGenerator<Item> {
  const iterator = items[Symbol.asyncIterator]()
  const first = await iterator.next()
  assert(first.done !== true && first.value.kind === 'header', 'the first item is the header')
  const all = startingWith(first.value, iterator)
  const source = options.source ?? treeOf(first.value.header, options.onAbsent)
  yield* source === null ? all : pack(all, { ...options, source })
}

/** What an old tree that can be read holds: reads all of it. */
export async function scanOldFiles(options: ScanOptions): Promise<OldFiles> {
  const { scan } = await import('../flow/scan/scan.ts')
  const { readOldFiles } = await import('../flow/pack/old-files.ts')
  return readOldFiles(scan({ ...options, chunks: true }))
}

/**
 * What the tree of an old snapshot holds; null where that has neither chunk lists nor ids, or no lists and they are needed.
 * Reads the file, if need be twice.
 */
export async function openOldFiles(path: Uint8Array, needsLists: boolean): Promise<OldFiles | null> {
  const { readOldFiles, tellsContents } = await import('../flow/pack/old-files.ts')
  const reader = await openFrames(path)
  try {
    if (!(await tellsContents(reader, needsLists))) return null
  } finally {
    await reader.close()
  }
  return readOldFiles(await openItems(path))
}

function treeOf(header: Header, onAbsent: PackFromOptions['onAbsent']): Uint8Array | null {
  if (hostMatches(header)) return header.root
  const tree =
    header.root.length === 0
      ? 'the stream does not say of which tree it is'
      : `the tree, ${escapeText(header.host)}:${quotePath(header.root)}, is not here`
  if (onAbsent === null) throw new RefusedError('no-source', `${tree}. Name the directory to read contents from.`)
  onAbsent(tree)
  return null
}
