/** The vectors of formats/vectors, and the programs beside them, with types. */
import type { FormatCode } from '../../src/base/constants.ts'

export type Vector = {
  /** `valid/<name>` or `invalid/<name>`. */
  name: string
  about: string
  bytes: Buffer
  /** The lines of a valid vector, as objects; null for an invalid one. */
  lines: object[] | null
  /** What a reader must answer to an invalid vector; null for a valid one. */
  error: { code: FormatCode; rule: string; offset: number } | null
}

type Conformance = {
  compareLines(expected: object[], lines: object[]): string | null
  runDecoder(command: string[], vectors: Vector[], jobs: number): Promise<{ name: string; wrong: string }[]>
}

type SecondReader = { linesOf(stream: Buffer): Iterable<object> }

const formats = new URL('../../formats/', import.meta.url)
/** Not an import that the type checker follows: these programs are no part of the sources. */
const load = (path: string): Promise<unknown> => import(new URL(path, formats).href)

const { readVectors } = (await load('vectors/parse.mjs')) as { readVectors(folder: string): Vector[] }
export const { compareLines, runDecoder } = (await load('conformance.mjs')) as Conformance
export const { linesOf } = (await load('reader/main.mjs')) as SecondReader

export const validVectors = readVectors('valid')
export const invalidVectors = readVectors('invalid')

/** Bytes in pieces of `size`; the last one may be shorter. */
export async function* inPieces(bytes: Uint8Array, size: number): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

/** All that an iterable gives. */
export async function listOf<T>(source: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of source) list.push(item)
  return list
}
