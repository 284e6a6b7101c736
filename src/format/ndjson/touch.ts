/** Touches as JSON objects and back (spec appendix A.5). */
import { Limits } from '../../base/constants.ts'
import { ID_BYTES } from '../../model/entries.ts'
import { formatSeconds, parseSeconds, type Time } from '../../model/time.ts'
import { isTouchOrder, type TimePair, type Touch } from '../../model/touch.ts'
import type { JsonFields } from './fields.ts'
import { encodeHex } from './values.ts'

export type JsonTouch = {
  record: 'touch'
  fileCount: number
  digest: string
  times: [before: string, after: string][]
}

export function encodeTouch({ fileCount, digest, pairs }: Touch): JsonTouch {
  const times = pairs.map(({ before, after }): [string, string] => [formatTime(before), formatTime(after)])
  return { record: 'touch', fileCount, digest: encodeHex(digest), times }
}

/** The inverse. Throws LineError. */
export function decodeTouch(fields: JsonFields): Touch {
  const fileCount = fields.uint('fileCount', Limits.sizeMax)
  if (fileCount === 0) fields.fail('bad-field', 'fileCount', 'is 0')
  const digest = fields.id('digest', ID_BYTES)
  const list = fields.optionalList('times') ?? []
  if (list.length === 0 || list.length > Limits.touchPairsMax) fields.fail('bad-field', 'times', 'are none or too many')
  const pairs = list.map((pair, k): TimePair => {
    const [before, after, ...more] = Array.isArray(pair) ? pair.map(parseTime) : []
    if (before == null || after == null || more.length > 0) fields.fail('bad-value', `times[${k}]`, 'is not two times')
    return { before, after }
  })
  if (!isTouchOrder(pairs)) fields.fail('bad-touch', 'times', 'do not ascend, or one of them occurs twice')
  fields.done([])
  return { fileCount, digest, pairs }
}

function formatTime({ sec, nsec }: Time): string {
  return formatSeconds(sec, nsec)
}

function parseTime(value: unknown): Time | null {
  return typeof value === 'string' ? parseSeconds(value) : null
}
