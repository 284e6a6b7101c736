/** The errors of the toolkit, one class a cause. Codes are part of the interface, messages are not. */
import type { FormatCode } from './constants.ts'

/** A false belief of ours: a defect of the program, never the fault of its input. Exit status 70. */
export class BugError extends Error {
  override readonly name = 'BugError'
}

/** A stream that breaks a rule of spec.md: which rule's code, and the byte offset in the stream. Exit status 3. */
export class FormatError extends Error {
  override readonly name = 'FormatError'
  readonly code: FormatCode
  /** Bytes from the start of the stream to the frame that is at fault. */
  readonly offset: number
  /** The message without code and offset. */
  readonly detail: string
  /** The file that the stream lies in, where whoever opened it says so. */
  file: Uint8Array | null = null
  constructor(code: FormatCode, offset: number, detail: string) {
    super(`${code} at byte ${offset}: ${detail}`)
    this.code = code
    this.offset = offset
    this.detail = detail
  }
}

/** A system call that failed: which one, on which path, with which errno name. Exit status 4. */
export class HostError extends Error {
  override readonly name = 'HostError'
  /** The errno name, such as `ENOENT`. */
  readonly code: string
  readonly call: string
  /** The path as it was named to us (bytes; may be relative to a root). */
  readonly path: Uint8Array
  constructor(code: string, call: string, path: Uint8Array) {
    super(`${call}: ${code}`)
    this.code = code
    this.call = call
    this.path = path
  }
}

/** A command line that makes no sense. Exit status 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  readonly flag: string
  constructor(flag: string, message: string) {
    super(message)
    this.flag = flag
  }
}

/** A run that stopped for a reason the user must decide about (conflicts, missing contents). Carries its exit status. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError'
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

/** A line of NDJSON that is no record, or breaks a rule of spec.md: which rule's code, and the line. Exit status 3. */
export class LineError extends Error {
  override readonly name = 'LineError'
  readonly code: FormatCode
  /** Counted from 1. */
  readonly line: number
  constructor(code: FormatCode, line: number, detail: string) {
    super(`${code} in line ${line}: ${detail}`)
    this.code = code
    this.line = line
  }
}
