/** Problems, optional records and the end as JSON objects and back (spec appendix A.5). */
import { Limits, type ProblemCode, problemCodes } from '../../base/constants.ts'
import { ID_BYTES } from '../../model/entries.ts'
import type { End } from '../../model/item.ts'
import { isPath } from '../../model/path.ts'
import { type Problem, phases } from '../../model/problem.ts'
import type { JsonFields } from './fields.ts'
import { type ByteString, encodeBase64, encodeByteString, encodeHex } from './values.ts'

export type JsonProblem = { record: 'problem'; path: ByteString; code: string; phase: string; detail?: string }

export function encodeProblem({ path, code, phase, detail }: Problem): JsonProblem {
  return { record: 'problem', path: encodeByteString(path), code, phase, ...(detail !== '' && { detail }) }
}

const codes = Object.keys(problemCodes) as ProblemCode[]

/** The inverse. Throws LineError. */
export function decodeProblem(fields: JsonFields): Problem {
  const path = fields.bytes('path')
  if (!isPath(path)) fields.fail('bad-name', 'path', 'is not made of names')
  if (path.length > Limits.pathBytesMax) fields.fail('path-too-long', 'path', `has ${path.length} bytes`)
  const code = codes[fields.optionalWord('code', codes) ?? fields.fail('bad-field', 'code', 'is missing')]!
  const phase = phases[fields.optionalWord('phase', phases) ?? fields.fail('bad-field', 'phase', 'is missing')]!
  const detail = fields.optionalText('detail') ?? ''
  if (Buffer.byteLength(detail) > Limits.textBytesMax) fields.fail('bad-field', 'detail', 'is too long')
  fields.done([])
  return { path, code, phase, detail }
}

export type JsonOptional = { record: 'optional'; name: string; value: { base64: string } }

export function encodeOptional(name: string, value: Uint8Array): JsonOptional {
  return { record: 'optional', name, value: encodeBase64(value) }
}

/** The inverse. Throws LineError. */
export function decodeOptional(fields: JsonFields): { name: string; value: Uint8Array } {
  const name = fields.text('name')
  if (!name.startsWith('x.')) fields.fail('unknown-record', 'name', "does not begin with 'x.'")
  if (Buffer.byteLength(name) > Limits.nameBytesMax) fields.fail('bad-field', 'name', 'is too long')
  const value = fields.optionalBytes('value') ?? new Uint8Array(0)
  fields.done([])
  return { name, value }
}

export type JsonEnd = {
  record: 'end'
  rowCount: number
  contentCount: number
  contentBytes: number
  problemCount: number
  judgedByTime: number
  from?: string
  to?: string
}

export function encodeEnd({ from, to, ...totals }: End): JsonEnd {
  return {
    record: 'end',
    ...totals,
    ...(from.length > 0 && { from: encodeHex(from) }),
    ...(to.length > 0 && { to: encodeHex(to) }),
  }
}

/** An end as it was given: totals that were left out are null, and are then counted. */
export type GivenEnd = { [Total in 'rowCount' | 'contentCount' | 'contentBytes' | 'problemCount']: number | null } & {
  judgedByTime: number
  from: Uint8Array
  to: Uint8Array
}

/** The inverse. Throws LineError. */
export function decodeEnd(fields: JsonFields): GivenEnd {
  const end = {
    rowCount: fields.optionalUint('rowCount', Limits.sizeMax),
    contentCount: fields.optionalUint('contentCount', Limits.sizeMax),
    contentBytes: fields.optionalUint('contentBytes', Limits.sizeMax),
    problemCount: fields.optionalUint('problemCount', Limits.sizeMax),
    judgedByTime: fields.optionalUint('judgedByTime', Limits.sizeMax) ?? 0,
    from: fields.optionalId('from', ID_BYTES),
    to: fields.optionalId('to', ID_BYTES),
  }
  fields.done([])
  return end
}
