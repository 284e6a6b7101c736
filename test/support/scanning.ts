/** Scans for tests: complete options, and what comes out as objects. */
import { createMonitor } from '../../src/base/monitor.ts'
import { type ScanOptions, scan } from '../../src/flow/scan/scan.ts'
import type { Entry } from '../../src/model/entries.ts'
import type { End, Header, Item } from '../../src/model/item.ts'
import { pathKey } from '../../src/model/path.ts'
import type { Problem } from '../../src/model/problem.ts'
import { rowsOf } from '../../src/model/row.ts'

export function scanOptions(root: string | Uint8Array, more: Partial<ScanOptions>): ScanOptions {
  return {
    root: Buffer.from(root as Uint8Array),
    oneFileSystem: false,
    xattrs: true,
    digest: 'none',
    chunks: false,
    reuse: null,
    filters: [],
    outputFile: null,
    threadCount: 1,
    tool: 'test',
    level: 3,
    comment: '',
    monitor: createMonitor('scan'),
    ...more,
  }
}

export async function scanItems(root: string | Uint8Array, more: Partial<ScanOptions> = {}): Promise<Item[]> {
  const items: Item[] = []
  for await (const item of scan(scanOptions(root, more))) items.push(item)
  return items
}

/** A snapshot in memory; entries by path as latin-1, in row order. */
export type Scanned = { header: Header; entries: Map<string, Entry>; problems: string[]; end: End }

/** Problems are given as 'code path detail'. */
export async function scanTree(root: string | Uint8Array, more: Partial<ScanOptions> = {}): Promise<Scanned> {
  return scanned(await scanItems(root, more))
}

export function scanned(items: readonly Item[]): Scanned {
  const entries = new Map<string, Entry>()
  const problems: string[] = []
  let header: Header | null = null
  let end: End | null = null
  for (const item of items) {
    if (item.kind === 'header') header = item.header
    else if (item.kind === 'rows') for (const row of rowsOf(item.batch)) entries.set(pathKey(row.path), row.after!)
    else if (item.kind === 'problem') problems.push(problemText(item.problem))
    else if (item.kind === 'end') end = item.end
  }
  return { header: header!, entries, problems, end: end! }
}

function problemText({ code, path, detail }: Problem): string {
  return `${code} ${pathKey(path)} ${detail}`
}
