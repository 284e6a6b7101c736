/** A stream of items to where the user wants it, with what is to be said about it on the way. */
import type { ProblemCode } from '../base/constants.ts'
import type { Monitor } from '../base/monitor.ts'
import { openSink, type Sink } from '../host/stream/sink.ts'
import { DASH, isDash, isTerminal, STDOUT, say } from '../host/stream/stdio.ts'
import type { Item } from '../model/item.ts'
import type { Phase } from '../model/problem.ts'
import { type ProgressStyle, startProgress } from './progress.ts'
import { problemLine, Status } from './sentences.ts'

export type OutputOptions = {
  /** The command's name, which begins every line that is said. */
  name: string
  output: Uint8Array | null
  progress: ProgressStyle | null
  /** Problems of these phases are this command's own: they are said, and make the exit status 1. */
  phases: readonly Phase[]
  /** What progress is shown of; whoever does the work counts. */
  monitor: Monitor
}

/** Writes the stream; on a terminal, which it would garble, its readable view. Gives the exit status. */
export async function writeStream(items: AsyncIterable<Item>, options: OutputOptions): Promise<number> {
  const output = options.output ?? DASH
  const problems = createProblemLog(options.name, options.phases)
  const watched = watchItems(items, problems)
  const isScreen = isDash(output) && isTerminal(STDOUT)
  const stop = startProgress(options.monitor, options.progress, isScreen)
  try {
    if (isScreen) await showOnTerminal(watched, options.name)
    else await writeItems(watched, output, false)
  } finally {
    stop()
  }
  return problems.finish()
}

/** Writes the stream to a file, complete or not at all, or to standard output where the path is `-`. */
export async function writeItems(items: AsyncIterable<Item>, path: Uint8Array, durable: boolean): Promise<void> {
  const { encodeItems } = await import('../flow/stream/writer.ts')
  await drain(encodeItems(items), openSink(path), durable)
}

async function showOnTerminal(items: AsyncIterable<Item>, name: string): Promise<void> {
  await writeText(await textView(items), DASH)
  say(`${name}: this is the readable view; the stream itself is not for a terminal. Use -o FILE or a pipe.\n`)
}

async function textView(items: AsyncIterable<Item>): Promise<AsyncIterable<string>> {
  const { showLines } = await import('../flow/show/lines.ts')
  return showLines(items)
}

/** Writes lines of text to a path, or to standard output where it is `-`. */
export async function writeText(lines: AsyncIterable<string>, path: Uint8Array): Promise<void> {
  await drain(textBytes(lines), openSink(path), false)
}

async function* textBytes(lines: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  for await (const line of lines) yield Buffer.from(line)
}

/** Nothing is left of a file where the source or the sink fails. */
async function drain(source: AsyncIterable<Uint8Array>, sink: Sink, durable: boolean): Promise<void> {
  try {
    for await (const bytes of source) await sink.write(bytes)
    await sink.finish({ durable })
  } catch (error) {
    await sink.abort()
    throw error
  }
}

export type ProblemLog = { add(problem: Item & { kind: 'problem' }): void; finish(): number }

const LINES_MAX = 50
/** Recorded for others to know; nobody needs to be told. */
const notes: readonly ProblemCode[] = ['other-filesystem']

/** Says the problems of some phases, not endlessly many, and gives the exit status at the end. */
export function createProblemLog(name: string, phases: readonly Phase[]): ProblemLog {
  let count = 0
  return {
    add({ problem }) {
      if (!phases.includes(problem.phase) || notes.includes(problem.code)) return
      count++
      if (count <= LINES_MAX) say(`${name}: ${problemLine(problem)}\n`)
    },
    finish() {
      if (count > LINES_MAX) say(`${name}: and ${count - LINES_MAX} more problems; fsshow lists them all.\n`)
      return count === 0 ? Status.ok : Status.problems
    },
  }
}

/** Passes items on and says their problems. */
async function* watchItems(items: AsyncIterable<Item>, problems: ProblemLog): AsyncGenerator<Item> {
  for await (const item of items) {
    if (item.kind === 'problem') problems.add(item)
    yield item
  }
}

/** Passes items on and counts rows and bytes of contents, for a source that does not count. */
export async function* countItems(items: AsyncIterable<Item>, monitor: Monitor): AsyncGenerator<Item> {
  for await (const item of items) {
    if (item.kind === 'rows') monitor.entries += item.batch.rowCount
    else if (item.kind === 'content') monitor.bytes += item.piece.bytes.length
    yield item
  }
}
