/** The readable view of a stream: a line for what it is, a line a row, a line a problem, and a summary. */
import { unreachable } from '../../base/assert.ts'
import { type Batch, forEachRow, pathAt } from '../../model/batch.ts'
import { entryAt } from '../../model/entries.ts'
import { escapeText, quotePath } from '../../model/escape.ts'
import type { Header, Item, Recipe } from '../../model/item.ts'
import { needsContent } from '../../model/need.ts'
import { ownerNames } from '../../model/owners.ts'
import { pathKey } from '../../model/path.ts'
import type { Problem } from '../../model/problem.ts'
import { isCopy } from '../../model/recipe.ts'
import { formatDateFull } from '../../model/time.ts'
import type { Touch } from '../../model/touch.ts'
import { formatEntry, formatRow, KIND_WIDTH, OPERATION_WIDTH } from './row.ts'
import { formatSummary, SummaryCounter } from './summary.ts'
import { formatBytes, formatCount, formatNoun } from './words.ts'

/** Pieces of text, each made of whole lines with their newlines. All of it is safe on a screen. */
export async function* showLines(items: AsyncIterable<Item>): AsyncIterable<string> {
  const view = new LinesView()
  for await (const item of items) {
    const lines = view.linesOf(item)
    if (lines.length > 0) yield `${lines.join('\n')}\n`
  }
}

class LinesView {
  #header: Header | null = null
  readonly #counter = new SummaryCounter()
  #batch: Batch | null = null
  /** Paths by content id in the last batch, once a recipe asks. */
  #paths: Map<string, Uint8Array> | null = null

  linesOf(item: Item): string[] {
    switch (item.kind) {
      case 'header':
        this.#header = item.header
        return [formatHeader(item.header)]
      case 'touch':
        return [formatTouch(item.touch)]
      case 'rows':
        this.#batch = item.batch
        this.#paths = null
        return this.#rowLines(item.batch)
      case 'recipe':
        return [this.#recipeLine(item.recipe)]
      case 'problem':
        return [formatProblem(item.problem)]
      case 'optional':
        return [`${'other'.padEnd(OPERATION_WIDTH)}${escapeText(item.name)}  ${formatBytes(item.value.length)}`]
      case 'end':
        return [formatSummary(this.#header!.kind, this.#counter, item.end)]
      case 'content':
      case 'chunks':
        return []
      default:
        return unreachable(item)
    }
  }

  #rowLines(batch: Batch): string[] {
    const { kind } = this.#header!
    const names = ownerNames(batch.owners)
    const hasState = kind === 'plan' || kind === 'receipt'
    const lines: string[] = []
    forEachRow(batch, (d, i) => {
      const path = pathAt(batch, d, i)
      const before = entryAt(batch.before, i)
      const after = entryAt(batch.after, i)
      const state = batch.state?.[i] ?? 0
      this.#counter.addRow(before, after, state)
      if (kind === 'snapshot') lines.push(formatEntry(path, after!, names))
      else {
        const needs = needsContent(batch.before, batch.after, i)
        const row = { path, before, after, seen: entryAt(batch.seen, i), state, needsContent: needs }
        lines.push(formatRow(row, hasState, names))
      }
    })
    return lines
  }

  #recipeLine(recipe: Recipe): string {
    this.#paths ??= this.#batch === null ? new Map() : contentPaths(this.#batch)
    const path = this.#paths.get(pathKey(recipe.id))
    const shown = path === undefined ? Buffer.from(recipe.id).toString('hex') : quotePath(path)
    return `${'build'.padEnd(OPERATION_WIDTH)}${'file'.padEnd(KIND_WIDTH)}${shown}  ${describeRecipe(recipe)}`
  }
}

/** What the stream is, of which tree, and who wrote it. */
export function formatHeader(header: Header): string {
  const host = header.host === '' ? '' : `${escapeText(header.host)}:`
  const tree = header.root.length === 0 ? '' : ` of ${host}${quotePath(header.root)}`
  const tool = header.tool === '' ? '' : ` by ${escapeText(header.tool)}`
  const details = [
    ...(header.digest === 'blake3' ? ['content ids'] : []),
    ...(header.xattrs ? [header.trustedHidden ? 'xattrs but trusted ones' : 'xattrs'] : []),
    ...(header.data ? ['contents'] : []),
  ]
  const has = details.length === 0 ? '' : `, with ${details.join(', ')}`
  const filters = header.filters.length === 0 ? '' : `; filters: ${header.filters.map(escapeText).join(' ')}`
  const ignored = header.ignored.length === 0 ? '' : `; ignoring ${header.ignored.map(escapeText).join(', ')}`
  const comment = header.comment === '' ? '' : `; ${escapeText(header.comment)}`
  return `${header.kind}${tree}${tool}${has}${filters}${ignored}${comment}`
}

function formatTouch({ fileCount, pairs }: Touch): string {
  const shown = pairs
    .slice(0, PAIRS_MAX)
    .map(
      ({ before, after }) => `${formatDateFull(before.sec, before.nsec)} -> ${formatDateFull(after.sec, after.nsec)}`,
    )
  const more = pairs.length > PAIRS_MAX ? ` and ${formatCount(pairs.length - PAIRS_MAX)} more` : ''
  return `${'touch'.padEnd(OPERATION_WIDTH)}${formatNoun(fileCount, 'file')} by their times  ${shown.join(', ')}${more}`
}

const PAIRS_MAX = 3

function formatProblem({ path, code, phase, detail }: Problem): string {
  const what = detail === '' ? phase : `${phase}: ${escapeText(detail)}`
  return `${'problem'.padEnd(OPERATION_WIDTH)}${quotePath(path)}  ${code} (${what})`
}

const SOURCES_MAX = 3

/** How much of a recipe is new, and where the rest comes from. */
function describeRecipe({ size, ranges }: Recipe): string {
  let newBytes = 0
  const sources = new Map<string, Uint8Array>()
  for (const range of ranges) {
    if (range.from === 'literal') newBytes += range.length
    else if (isCopy(range)) sources.set(pathKey(range.path), range.path)
  }
  const shown = [...sources.values()].slice(0, SOURCES_MAX).map(quotePath).join(', ')
  const more = sources.size > SOURCES_MAX ? ` and ${formatCount(sources.size - SOURCES_MAX)} more` : ''
  const rest = sources.size === 0 ? '' : `, the rest from ${shown}${more}`
  return `${formatCount(newBytes)} of ${formatBytes(size)} new${rest}`
}

function contentPaths(batch: Batch): Map<string, Uint8Array> {
  const paths = new Map<string, Uint8Array>()
  forEachRow(batch, (d, i) => {
    const id = entryAt(batch.after, i)?.content ?? new Uint8Array(0)
    if (id.length > 0 && !paths.has(pathKey(id))) paths.set(pathKey(id), pathAt(batch, d, i))
  })
  return paths
}
