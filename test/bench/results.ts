/** The results file: one line of JSON a case and run. */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { SideResult, Verdict } from './judge.ts'
import { metricOf, spreadOf } from './judge.ts'
import type { Machine } from './machine.ts'
import { formatSeconds } from './units.ts'

export type Result = {
  case: string
  title: string
  /** ISO 8601. */
  date: string
  machine: Machine
  node: string
  ours: string
  /** Version of each peer; null where it is not installed. */
  peers: Record<string, string | null>
  /** Threads our scans were told to use; null where it was left to them. */
  threads: number | null
  cold: boolean
  first: boolean
  tiny: boolean
  /** What each corpus held. */
  corpora: Record<string, string>
  sides: SideResult[]
  verdicts: Verdict[]
}

export function appendResult(file: string, result: Result): void {
  mkdirSync(dirname(file), { recursive: true })
  appendFileSync(file, `${JSON.stringify(result)}\n`)
}

/** The last line of each case. */
export function latestResults(file: string): Map<string, Result> {
  if (!existsSync(file)) throw new Error(`${file} is not there`)
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean)
  return new Map(lines.map((line) => JSON.parse(line) as Result).map((result) => [result.case, result]))
}

/** One line for each side of a case that was measured before and after; those that left the older span are marked. */
export function compareResults(before: Result, after: Result): string[] {
  return after.sides.flatMap((side) => {
    const old = before.sides.find(({ name }) => name === side.name)
    if (old === undefined) return []
    return [...compareSeconds(old, side), ...compareBytes(old, side)].map(
      (what) => `${after.case}: ${side.name} ${what}`,
    )
  })
}

function compareSeconds(before: SideResult, after: SideResult): string[] {
  const [old, now] = [metricOf(before, 'seconds'), metricOf(after, 'seconds')]
  if (old === null || now === null || old === 0) return []
  const { min, max } = spreadOf(before.samples.map((sample) => sample.seconds))
  const mark = now > max ? ' (slower than any run before)' : now < min ? ' (faster than any run before)' : ''
  return [`${formatSeconds(old)} -> ${formatSeconds(now)}, ${(now / old).toFixed(2)} times${mark}`]
}

function compareBytes(before: SideResult, after: SideResult): string[] {
  if (before.bytes === null || after.bytes === null || before.bytes === after.bytes) return []
  return [`${before.bytes} -> ${after.bytes} bytes, ${(after.bytes / before.bytes).toFixed(3)} times`]
}
