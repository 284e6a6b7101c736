/**
 * The library behind the commands: what `import ... from 'fs-changeset'` gives. A verb takes complete options and gives an
 * AsyncIterable of items (model/item.ts): a header, batches of rows as columns, contents, problems, an end.
 *
 *     const source = encodeItems(scan({ root: Buffer.from('src'), ... }))
 *     for await (const item of readItems(readBytes(path))) if (item.kind === 'rows') ...
 */

export { FrameType, Kind, Limits, State, StreamKind } from './base/constants.ts'
export { BugError, FormatError, HostError, LineError, RefusedError, UsageError } from './base/errors.ts'
export { createMonitor, type Monitor } from './base/monitor.ts'
export { TOOL, VERSION } from './base/version.ts'
export { apply } from './flow/apply/apply.ts'
export type { ApplyOptions, ApplyOutcome, ApplyReport } from './flow/apply/apply-options.ts'
export { applyDirect } from './flow/apply/direct.ts'
export { type ResumeOptions, type ResumeReport, resume } from './flow/apply/resume.ts'
export { type ComposeOptions, compose } from './flow/convert/compose.ts'
export { type InvertOptions, invert } from './flow/convert/invert.ts'
export { makeItems } from './flow/convert/make.ts'
export { type DiffOptions, diff } from './flow/diff/diff.ts'
export { expandTouch } from './flow/diff/expand-touch.ts'
export { type PackOptions, pack } from './flow/pack/pack.ts'
export { createPlanReport, type PlanOptions, type PlanReport, plan } from './flow/plan/plan.ts'
export { type ScanOptions, scan } from './flow/scan/scan.ts'
export { showBytes } from './flow/show/bytes.ts'
export { showJson } from './flow/show/json.ts'
export { showLines } from './flow/show/lines.ts'
export { showStat } from './flow/show/stat.ts'
export { type FrameReader, openReader, readItems, type StreamReader } from './flow/stream/reader.ts'
export { encodeItems } from './flow/stream/writer.ts'
export { openSink, type Sink } from './host/stream/sink.ts'
export { readBytes } from './host/stream/stdio.ts'

export { type Batch, BatchBuilder, dirCount, dirRowStart, forEachRow, type Owners, pathAt } from './model/batch.ts'
export { type BytesColumn, bytesAt } from './model/bytes-column.ts'
export { contentAt, type Entries, type Entry, entryAt, type Hint, type Hints, hasContent } from './model/entries.ts'
export { escapeBytes, quotePath, unescapeBytes } from './model/escape.ts'
export type * from './model/item.ts'
export { compareBytes, comparePaths, compareRowPaths, joinPath, splitPath } from './model/path.ts'
export type { Phase, Problem } from './model/problem.ts'
export { type Aspect, aspects, type CompareRules } from './tree/compare.ts'
