/** Bytes that come in any pieces to lines of UTF-8 text. */
import { Limits } from '../../base/constants.ts'
import { LineError } from '../../base/errors.ts'
import { isUtf8 } from '../../model/escape.ts'

const NEWLINE = 0x0a
const REPLACEMENT = '\ufffd'

/** Collects pieces and gives out whole lines without their newlines. Throws LineError. */
export class LineSplitter {
  #pending: Uint8Array[] = []
  #pendingBytes = 0
  #lineCount = 0

  /** Lines given out so far. */
  get lineCount(): number {
    return this.#lineCount
  }

  /** The lines that end in `bytes`. */
  *split(bytes: Uint8Array): Iterable<string> {
    let start = 0
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      this.#add(bytes.subarray(start, end))
      start = end + 1
      yield this.#takeLine()
    }
    this.#add(bytes.subarray(start))
  }

  /** The last line where no newline ends it; null where there is none. */
  rest(): string | null {
    return this.#pendingBytes === 0 ? null : this.#takeLine()
  }

  #add(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    this.#pendingBytes += bytes.length
    if (this.#pendingBytes > Limits.lineBytesMax) {
      throw new LineError(
        'frame-too-large',
        this.#lineCount + 1,
        `the line is longer than ${Limits.lineBytesMax} bytes`,
      )
    }
    this.#pending.push(bytes)
  }

  #takeLine(): string {
    const bytes = this.#pending.length === 1 ? this.#pending[0]! : Buffer.concat(this.#pending)
    this.#pending = []
    this.#pendingBytes = 0
    this.#lineCount++
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8')
    // Decoding replaces what is no UTF-8; a line that holds the replacement character may also have been given it.
    if (text.includes(REPLACEMENT) && !isUtf8(bytes)) throw new LineError('bad-record', this.#lineCount, 'no UTF-8')
    return text
  }
}
