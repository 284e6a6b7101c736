/** From samples to figures: medians, ratios, reached or not. Pure. */
import type { Metric, Target } from './case.ts'
import type { Sample } from './measure.ts'

/** What the runs of one side came to. `lacking` says why there are none; `wrong` what the check found. */
export type SideResult = {
  name: string
  lacking: string
  wrong: string
  samples: Sample[]
  /** Bytes that the last run produced; null where none count. */
  bytes: number | null
  /** System calls, in all and by name, less those of an empty tree; null where they were not counted. */
  calls: { total: number; byName: Record<string, number> } | null
  units: number
}

export type Spread = { median: number; min: number; max: number }

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
  return { median, min: sorted[0]!, max: sorted.at(-1)! }
}

/** The value of a metric; null where the side has none. */
export function metricOf(side: SideResult, metric: Metric): number | null {
  if (metric === 'bytes') return side.bytes
  if (metric === 'calls') return side.calls?.total ?? null
  if (side.samples.length === 0) return null
  return metric === 'seconds'
    ? spreadOf(side.samples.map((sample) => sample.seconds)).median
    : spreadOf(side.samples.map((sample) => sample.memoryBytes)).max
}

/** A target beside what was measured. `value` is what is held against the limit. */
export type Verdict = { target: Target; beside: string; value: number | null; reached: boolean | null; reason: string }

export function judge(target: Target, sides: readonly SideResult[]): Verdict {
  const find = (name: string) => sides.find((side) => side.name === name)
  const value = (side: SideResult | undefined) => {
    const raw = side === undefined ? null : metricOf(side, target.metric)
    return raw === null || !target.perUnit ? raw : raw / side!.units
  }
  const open = (reason: string): Verdict => ({ target, beside: '', value: null, reached: null, reason })
  const ours = find(target.side)
  const own = value(ours)
  if (own === null) return open(ours?.lacking || 'not measured')
  const wrong = ours?.wrong ?? ''
  const verdict = (beside: string, figure: number): Verdict => {
    return { target, beside, value: figure, reached: figure <= target.limit && wrong === '', reason: wrong }
  }
  if (target.how === 'alone') return verdict('', own)
  const peers = target.beside.flatMap((name) => {
    const other = value(find(name))
    return other === null || other === 0 ? [] : [{ name, other }]
  })
  if (peers.length === 0) return open(target.beside.map((name) => find(name)?.lacking).join('; ') || 'no peer measured')
  const best = peers.reduce((a, b) => (b.other < a.other ? b : a))
  return verdict(best.name, target.how === 'ratio' ? own / best.other : own - best.other)
}
