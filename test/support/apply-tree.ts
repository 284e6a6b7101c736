/** Trees on disk recorded and applied to others, in this process: what the commands do, without the commands. */
import { createMonitor } from '../../src/base/monitor.ts'
import { apply } from '../../src/flow/apply/apply.ts'
import type { ApplyOptions, ApplyReport } from '../../src/flow/apply/apply-options.ts'
import { pack } from '../../src/flow/pack/pack.ts'
import type { Rules } from '../../src/flow/plan/judge.ts'
import type { PlanOptions } from '../../src/flow/plan/plan.ts'
import { scan } from '../../src/flow/scan/scan.ts'
import { readItems } from '../../src/flow/stream/reader.ts'
import { encodeItems } from '../../src/flow/stream/writer.ts'
import type { Batch } from '../../src/model/batch.ts'
import { EMPTY } from '../../src/model/bytes-column.ts'
import type { End, Header, Item } from '../../src/model/item.ts'
import { compareRowPaths, pathKey } from '../../src/model/path.ts'
import { batchesOf, type Row, rowsOf } from '../../src/model/row.ts'
import { isEqualEntry } from '../../src/tree/replay.ts'

/** Every row is done, as it is. */
export const noRules: Rules = { chmod: [], only: [], neverDelete: false, owners: [], untrusted: false }

/** Options that a test changes in part. */
export function planOptions(target: string | Uint8Array, changed: Partial<PlanOptions> = {}): PlanOptions {
  return {
    target: Buffer.from(target),
    strict: false,
    quick: false,
    numericIds: true,
    rules: noRules,
    maxDelete: null,
    find: false,
    todo: false,
    threadCount: 1,
    monitor: createMonitor('plan'),
    ...changed,
  }
}

export function applyOptions(target: string | Uint8Array, changed: Partial<ApplyOptions> = {}): ApplyOptions {
  return {
    target: Buffer.from(target),
    dryRun: false,
    strict: false,
    quick: false,
    basis: [],
    link: false,
    source: null,
    numericIds: true,
    onRows: null,
    threadCount: 1,
    rules: noRules,
    maxDelete: null,
    deleteAfter: false,
    allowForeign: true,
    allowRoot: false,
    countsRoom: true,
    atomic: null,
    onConflict: 'fail',
    suffix: Buffer.from('.kept'),
    backup: null,
    undo: null,
    receipt: null,
    beforeCommit: null,
    afterCommit: null,
    keepStage: false,
    onDone: null,
    durable: false,
    monitor: createMonitor('apply'),
    ...changed,
  }
}

/** The items of a snapshot of a tree, without contents. */
export function record(root: string, digest: 'none' | 'blake3' = 'none'): AsyncIterable<Item> {
  return scan({
    root: Buffer.from(root),
    oneFileSystem: false,
    xattrs: true,
    digest,
    chunks: false,
    reuse: null,
    filters: [],
    outputFile: null,
    threadCount: 1,
    tool: 'test',
    level: 3,
    comment: '',
    monitor: createMonitor('scan'),
  })
}

/** The same with contents. */
export function recordWithData(root: string): AsyncIterable<Item> {
  return withData(record(root), root)
}

export function withData(items: AsyncIterable<Item>, source: string): AsyncIterable<Item> {
  return pack(items, {
    source: Buffer.from(source),
    old: null,
    basis: null,
    both: false,
    level: null,
    monitor: createMonitor('pack'),
  })
}

/** The rows of a recorded tree, copied. */
export async function rowsOfTree(root: string, digest: 'none' | 'blake3' = 'blake3'): Promise<Row[]> {
  const rows: Row[] = []
  for await (const item of record(root, digest)) if (item.kind === 'rows') rows.push(...rowsOf(item.batch))
  return rows
}

/** The rows that lead from one list to another, moves not sought. */
export function diffRows(before: Row[], after: Row[]): Row[] {
  const old = new Map(before.map((row) => [pathKey(row.path), row.after!]))
  const rows: Row[] = []
  for (const { path, after: entry } of after) {
    const was = old.get(pathKey(path)) ?? null
    old.delete(pathKey(path))
    if (was === null || !isEqualEntry(was, entry!)) rows.push({ path, before: was, after: entry })
  }
  for (const [key, was] of old) rows.push({ path: Buffer.from(key, 'latin1'), before: was, after: null })
  return rows.sort((a, b) => compareRowPaths(a.path, b.path))
}

const header: Header = {
  kind: 'changeset',
  tool: 'test',
  host: '',
  root: EMPTY,
  rootId: null,
  digest: 'none',
  xattrs: true,
  trustedHidden: false,
  filters: [],
  level: 3,
  data: false,
  dataBefore: false,
  ignored: [],
  comment: '',
  features: [],
}

const end: End = {
  rowCount: 0,
  contentCount: 0,
  contentBytes: 0,
  problemCount: 0,
  judgedByTime: 0,
  from: EMPTY,
  to: EMPTY,
}

/** Rows, each followed by contents, as the items of a stream. */
export async function* itemsOf(rows: Row[], changed: Partial<Header> = {}): AsyncGenerator<Item> {
  yield { kind: 'header', header: { ...header, ...changed } }
  for (const batch of batchesOf(rows)) yield { kind: 'rows', batch: batch as Batch }
  yield { kind: 'end', end }
}

/** What leads from one tree to another, with contents. */
export async function changeset(before: string, after: string): Promise<Item[]> {
  const rows = diffRows(await rowsOfTree(before), await rowsOfTree(after))
  return collect(withData(itemsOf(rows), after))
}

export async function collect(items: AsyncIterable<Item>): Promise<Item[]> {
  const list: Item[] = []
  for await (const item of items) list.push(item)
  return list
}

/** Keeps a stream as a file would: encoded, then read again. */
export function keeper() {
  const kept: { items: Item[] } = { items: [] }
  return {
    kept,
    take: async (items: AsyncIterable<Item>) => {
      kept.items = await collect(readItems(encodeItems(items)))
    },
  }
}

export async function* replayItems(items: Iterable<Item>): AsyncGenerator<Item> {
  yield* items
}

/** Applies items and returns the report. */
export function applyItems(
  items: AsyncIterable<Item> | Iterable<Item>,
  target: string,
  changed: Partial<ApplyOptions> = {},
): Promise<ApplyReport> {
  const stream = Symbol.asyncIterator in items ? items : replayItems(items)
  return apply(stream, applyOptions(target, changed))
}
