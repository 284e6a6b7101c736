/**
 * The program's own streams: bytes from a file or standard input, words to standard error. Descriptors are read and
 * written by number, because the stream objects of `process` take longer to load than a small command to run.
 */
import { closeSync, fstatSync, openSync, read, readFileSync, readSync, rmSync, statSync, writeSync } from 'node:fs'
import { isCleanupNeeded } from '../../base/cleanup.ts'
import { HostError } from '../../base/errors.ts'
import { isLoaded, libc } from '../native/libc.ts'
import { isReadable } from './pipe.ts'

export const STDIN = 0
export const STDOUT = 1
export const STDERR = 2
const READ_BYTES = 1 << 18
/** What a pipe holds usually, and at most unless root says otherwise (pipe(7)). */
const PIPE_READ_BYTES = 1 << 16
const PIPE_READ_BYTES_MAX = 1 << 20
/** Synchronous reads let the event loop turn (signals, progress) after so many bytes. */
const TURN_BYTES = 1 << 24
const RETRY_MS = 2

/** The name of standard input and output in messages, and on the command line. */
export const DASH = Buffer.from('-')

export function isDash(path: Uint8Array): boolean {
  return path.length === 1 && path[0] === DASH[0]
}

/**
 * The bytes of a file, or of standard input where `path` is `-`. A chunk belongs to its consumer.
 * Nothing is opened before the first chunk is asked for, and nothing is read ahead.
 */
export async function* readBytes(path: Uint8Array): AsyncGenerator<Uint8Array> {
  const fd = isDash(path) ? STDIN : openForRead(path)
  try {
    yield* fstatSync(fd).isFile() ? readRegular(fd, path, null) : readPipe(fd, path)
  } finally {
    if (fd !== STDIN) closeSync(fd)
  }
}

export function openForRead(path: Uint8Array): number {
  try {
    return openSync(Buffer.from(path), 'r')
  } catch (error) {
    throw hostError(error, 'open', path)
  }
}

/** Of a regular file. @param start offset to read from; null: from where the descriptor stands */
export async function* readRegular(fd: number, path: Uint8Array, start: number | null): AsyncGenerator<Uint8Array> {
  for (let sinceTurn = 0, at = start; ; ) {
    const chunk = Buffer.allocUnsafeSlow(READ_BYTES)
    let length: number
    try {
      length = readSync(fd, chunk, 0, chunk.length, at)
    } catch (error) {
      throw hostError(error, 'read', path)
    }
    if (length === 0) return
    yield chunk.subarray(0, length)
    if (at !== null) at += length
    sinceTurn += length
    if (sinceTurn < TURN_BYTES) continue
    sinceTurn = 0
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** Pipes and terminals. */
async function* readPipe(fd: number, path: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let size = PIPE_READ_BYTES, isFirst = true; ; ) {
    const chunk = Buffer.allocUnsafeSlow(size)
    const length = await readOnce(fd, chunk, path, isFirst)
    if (length === 0) return
    yield chunk.subarray(0, length)
    isFirst = false
    // Who has filled it may have more to say at a time.
    if (length === size && size < PIPE_READ_BYTES_MAX) size *= 2
  }
}

async function readOnce(fd: number, chunk: Uint8Array, path: Uint8Array, isFirst: boolean): Promise<number> {
  for (;;) {
    const isHere = (isFirst && !isCleanupNeeded()) || isReadable(fd)
    const result = isHere ? readHere(fd, chunk) : await readElsewhere(fd, chunk)
    if (typeof result === 'number') return result
    // Another process may have made the shared pipe non-blocking.
    if (result.code !== 'EAGAIN') throw hostError(result, 'read', path)
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
  }
}

/**
 * In this thread, for threads take a millisecond to start. It is the way where nothing has to be waited for, and at the beginning,
 * where nothing else can be done: a signal ends the process all the same as long as there is nothing to clean up.
 */
function readHere(fd: number, chunk: Uint8Array): number | NodeJS.ErrnoException {
  try {
    return readSync(fd, chunk)
  } catch (error) {
    return error as NodeJS.ErrnoException
  }
}

/** In another thread: a blocked read must not keep signals from being heard. */
function readElsewhere(fd: number, chunk: Uint8Array): Promise<number | NodeJS.ErrnoException> {
  return new Promise((resolve) => {
    read(fd, chunk, 0, chunk.length, null, (error, length) => resolve(error ?? length))
  })
}

/** An error of node:fs as the HostError that the rest of the program knows. */
export function hostError(error: unknown, call: string, path: Uint8Array): HostError {
  return new HostError((error as NodeJS.ErrnoException).code ?? 'EIO', call, path)
}

/**
 * Ends the process as it is, for everything has been written: taking down V8's heap and the threads takes two milliseconds. Who started
 * Node with options, such as a profiler's, gets the usual end.
 */
export function endProcess(status: number): never {
  if (!isLoaded() || process.execArgv.length > 0 || process.env['NODE_OPTIONS']) process.exit(status)
  process.emit('exit', status)
  // ORDER: the system would tell our reader of the end only once it has taken back our memory.
  closeStdout()
  libc._exit(status)
}

function closeStdout(): void {
  try {
    closeSync(STDOUT)
  } catch {
    // It was closed already.
  }
}

/** Words for standard output, where they are all that is wanted. */
export function print(text: string): void {
  const bytes = Buffer.from(text)
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(STDOUT, bytes, at)
  } catch (error) {
    throw hostError(error, 'write', DASH)
  }
}

let status = ''

/** One or more lines for the person at the terminal. What cannot be said is not worth failing for. */
export function say(text: string): void {
  writeWords(status === '' ? text : `${ERASE_LINE}${text}${status}`)
}

/** Shows one line that the next one replaces, below everything that is said; an empty one removes it. */
export function showStatus(line: string): void {
  if (line === status) return
  status = line
  writeWords(`${ERASE_LINE}${line}`)
}

const ERASE_LINE = '\r\x1b[K'

function writeWords(text: string): void {
  try {
    writeSync(STDERR, text)
  } catch {
    // Standard error is closed or full: there is nobody to tell.
  }
}

/** True where the descriptor is a terminal. node:tty knows, too, but takes longer to load than a small command to run. */
export function isTerminal(fd: number): boolean {
  return libc.isatty(fd) === 1
}

/**
 * The command line's arguments. Node decodes them as UTF-8, which loses other bytes: where one was lost the kernel's own
 * copy is read, each byte as one character.
 */
export function commandLine(): { args: string[]; encoding: 'utf8' | 'latin1' } {
  const args = process.argv.slice(2)
  if (!args.some((arg) => arg.includes('\ufffd'))) return { args, encoding: 'utf8' }
  try {
    const all = readFileSync('/proc/self/cmdline', 'latin1').split('\0').slice(0, -1)
    return { args: args.length === 0 ? [] : all.slice(-args.length), encoding: 'latin1' }
  } catch {
    return { args, encoding: 'utf8' }
  }
}

/** What the path names, symbolic links followed: null where there is nothing. */
export function pathKind(path: Uint8Array): 'directory' | 'file' | 'other' | null {
  try {
    const stat = statSync(Buffer.from(path), { throwIfNoEntry: false })
    if (stat === undefined) return null
    return stat.isDirectory() ? 'directory' : stat.isFile() ? 'file' : 'other'
  } catch (error) {
    throw hostError(error, 'stat', path)
  }
}

/** Removes a file; that there is none is fine. */
export function removeFile(path: Uint8Array): void {
  try {
    rmSync(Buffer.from(path), { force: true })
  } catch (error) {
    throw hostError(error, 'unlink', path)
  }
}
