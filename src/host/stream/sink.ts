/** Where a stream goes: standard output, or a file that is there when it is complete and not before. */
import { fstatSync, write, writev, writevSync } from 'node:fs'
import { createPipeRoom, type PipeRoom } from './pipe.ts'
import { DASH, hostError, isDash, STDOUT } from './stdio.ts'
import { createWholeFile } from './whole-file.ts'

/** Takes bytes. What was given to `write` must not be changed afterwards. Without `finish()` nothing is left behind. */
export type Sink = {
  write(bytes: Uint8Array): Promise<void>
  /** Completes the output; `durable` makes it outlive a power cut. */
  finish(options: { durable: boolean }): Promise<void>
  /** Gives up: removes a file that is not complete; standard output gets what was written so far. Does not throw. */
  abort(): Promise<void>
}

/** Bytes that are collected before they are written at once. */
const FLUSH_BYTES = 1 << 16
const RETRY_MS = 2

/** A sink for a path, or for standard output where it is `-`. */
export function openSink(path: Uint8Array): Sink {
  return isDash(path) ? stdoutSink() : fileSink(path)
}

function stdoutSink(): Sink {
  const writer = createWriter(() => STDOUT, DASH)
  return {
    write: (bytes) => writer.write(bytes),
    finish: () => writer.flush(),
    abort: () => writer.flush().catch(() => {}),
  }
}

function fileSink(path: Uint8Array): Sink {
  const file = createWholeFile(path)
  const writer = createWriter(() => file.open(), path)
  return {
    write: (bytes) => writer.write(bytes),
    async finish(options) {
      await writer.flush()
      file.complete(options)
    },
    async abort() {
      await writer.settled()
      file.abandon()
    },
  }
}

/** Collects small pieces and keeps one write under way while the next is collected. */
function createWriter(open: () => number, path: Uint8Array) {
  let room: PipeRoom | null = null
  let queue: Uint8Array[] = []
  let queuedBytes = 0
  let underWay: Promise<void> = Promise.resolve()
  const flush = async (isLast: boolean) => {
    await underWay
    if (queue.length === 0) return
    const pieces = queue
    queue = []
    queuedBytes = 0
    const fd = open()
    room ??= createPipeRoom(fd)
    underWay = writeAll({ fd, path, room, isLast }, pieces)
    // The next flush reports a failure; until then it must not count as unhandled.
    underWay.catch(() => {})
  }
  return {
    async write(bytes: Uint8Array) {
      queue.push(bytes)
      queuedBytes += bytes.length
      if (queuedBytes >= FLUSH_BYTES) await flush(false)
    },
    async flush() {
      await flush(true)
      await underWay
    },
    /** Waits for the write under way, however it ends. */
    settled: () => underWay.catch(() => {}),
  }
}

type Output = { fd: number; path: Uint8Array; room: PipeRoom; isLast: boolean }

async function writeAll(output: Output, pieces: Uint8Array[]): Promise<void> {
  const { fd, path } = output
  let rest = pieces
  while (rest.length > 0) {
    const result = isQuick(output, rest) ? writeHere(fd, rest) : await writeElsewhere(fd, rest)
    if (typeof result === 'number') rest = dropBytes(rest, result)
    // Another process may have made the shared pipe non-blocking.
    else if (result.code === 'EAGAIN') await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
    else throw hostError(result, 'write', path)
  }
}

/** True where nobody has to be waited for, nor can anything be done meanwhile. */
function isQuick({ fd, room, isLast }: Output, pieces: Uint8Array[]): boolean {
  return room.take(pieces.reduce((sum, { length }) => sum + length, 0)) || (isLast && fstatSync(fd).isFile())
}

/** In this thread, for threads take a millisecond to start. */
function writeHere(fd: number, pieces: Uint8Array[]): number | NodeJS.ErrnoException {
  try {
    return writevSync(fd, pieces)
  } catch (error) {
    return error as NodeJS.ErrnoException
  }
}

/** In another thread: this one goes on, and hears signals. */
function writeElsewhere(fd: number, pieces: Uint8Array[]): Promise<number | NodeJS.ErrnoException> {
  return new Promise((resolve) => {
    const done = (error: NodeJS.ErrnoException | null, written: number) => resolve(error ?? written)
    if (pieces.length === 1) write(fd, pieces[0]!, done)
    else writev(fd, pieces, done)
  })
}

/** What is left of the pieces after their first `count` bytes. */
function dropBytes(pieces: Uint8Array[], count: number): Uint8Array[] {
  let i = 0
  let left = count
  while (i < pieces.length && left >= pieces[i]!.length) left -= pieces[i++]!.length
  const rest = pieces.slice(i)
  if (left > 0) rest[0] = rest[0]!.subarray(left)
  return rest
}
