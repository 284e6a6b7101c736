/** Problem and end records (spec §7.6, §7.7). */
import { Limits, type ProblemCode, phases, problemCodes, recordFields } from '../base/constants.ts'
import { FormatError } from '../base/errors.ts'
import { ID_BYTES } from '../model/entries.ts'
import type { End } from '../model/item.ts'
import { isPath } from '../model/path.ts'
import type { Problem } from '../model/problem.ts'
import { FieldReader, FieldWriter } from './fields.ts'
import { encodeRecord, type Fields } from './msgpack.ts'

export function encodeProblem(problem: Problem): Uint8Array {
  const writer = new FieldWriter().putBytes('path', problem.path).put('code', problem.code).put('phase', problem.phase)
  return encodeRecord('problem', writer.putText('detail', problem.detail).fields)
}

export function decodeProblem(fields: Fields, offset: number): Problem {
  const reader = new FieldReader('problem', fields, recordFields.problem, offset)
  const path = reader.optionalBytes('path', 1, Limits.pathBytesMax) ?? new Uint8Array(0)
  if (!isPath(path)) throw new FormatError('bad-name', offset, 'a problem with a path that is not made of names')
  const code = reader.optionalText('code', Limits.textBytesMax)
  const phase = phases.find((known) => known === reader.fields['phase']) ?? reader.fail('phase', 'unknown')
  if (!Object.hasOwn(problemCodes, code)) reader.fail('code', 'unknown')
  return { path, code: code as ProblemCode, phase, detail: reader.optionalText('detail', Limits.textBytesMax) }
}

/** The end record; `hash` is the BLAKE3 of every byte of the stream before its head frame. */
export function encodeEnd(end: End, hash: Uint8Array): Uint8Array {
  const writer = new FieldWriter().putUint64('rowCount', end.rowCount).putUint64('contentCount', end.contentCount)
  writer.putUint64('contentBytes', end.contentBytes).putUint64('problemCount', end.problemCount)
  writer.putUint64('judgedByTime', end.judgedByTime).putBytes('from', end.from).putBytes('to', end.to).put('hash', hash)
  return encodeRecord('end', writer.fields)
}

export function decodeEnd(fields: Fields, offset: number): { end: End; hash: Uint8Array } {
  const reader = new FieldReader('end', fields, recordFields.end, offset)
  const end = {
    rowCount: reader.optionalUint64('rowCount', Limits.sizeMax),
    contentCount: reader.optionalUint64('contentCount', Limits.sizeMax),
    contentBytes: reader.optionalUint64('contentBytes', Limits.sizeMax),
    problemCount: reader.optionalUint64('problemCount', Limits.sizeMax),
    judgedByTime: reader.optionalUint64('judgedByTime', Limits.sizeMax),
    from: reader.optionalBytes('from', ID_BYTES, ID_BYTES) ?? new Uint8Array(0),
    to: reader.optionalBytes('to', ID_BYTES, ID_BYTES) ?? new Uint8Array(0),
  }
  return { end, hash: reader.bytes('hash', ID_BYTES, ID_BYTES) }
}
