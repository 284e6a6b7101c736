/** What a case came to, as a person reads it. */
import { basename } from 'node:path'
import { metricOf, type SideResult, spreadOf, type Verdict } from './judge.ts'
import type { Result } from './results.ts'
import { formatBytes, formatMetric, formatSeconds } from './units.ts'

/** A heading, a line for each side, a line for each figure to reach. The ratios are to the first side, which is ours. */
export function renderResult(result: Result): string {
  const corpora = Object.values(result.corpora).map((label) => ` [${label}]`)
  const head = `${result.case}: ${result.title}${corpora.join('')}${result.tiny ? ' (tiny)' : ''}`
  const ours = result.sides[0]!
  const verdicts = result.verdicts.map(renderVerdict)
  if (result.sides.every(({ lacking }) => lacking === ours.lacking && lacking !== '')) {
    return [head, `  ${ours.lacking}`, ''].join('\n')
  }
  const rows = [['', 'median', 'min', 'max', 'processor', 'memory', 'bytes', 'calls', 'ours / it']]
  for (const side of result.sides) rows.push(side.lacking === '' ? measuredRow(side, ours) : [side.name, side.lacking])
  const wrong = result.sides.filter((side) => side.wrong !== '').map((side) => `  ${side.name}: ${side.wrong}`)
  return [head, ...alignColumns(withoutEmptyColumns(rows)), ...callsLines(result), ...wrong, ...verdicts, ''].join('\n')
}

/** The calls that make up most of the count. */
function callsLines({ sides }: Result): string[] {
  return sides.flatMap(({ name, calls, units }) => {
    if (calls === null) return []
    const many = Object.entries(calls.byName).filter(([, count]) => count >= units * 0.02)
    return [`  ${name}: ${many.map(([call, count]) => `${call} ${(count / units).toFixed(2)}`).join(', ')}`]
  })
}

/** Rows of two cells are a name and a sentence. */
function withoutEmptyColumns(rows: readonly string[][]): string[][] {
  const [head, ...rest] = rows as [string[], ...string[][]]
  const full = rest.filter((row) => row.length > 2)
  const kept = head.map((_, i) => i === 0 || full.some((row) => row[i] !== ''))
  return rows.map((row) => (row.length > 2 ? row.filter((_, i) => kept[i]) : row))
}

function measuredRow(side: SideResult, ours: SideResult): string[] {
  const { median, min, max } = spreadOf(side.samples.map((sample) => sample.seconds))
  const cpu = spreadOf(side.samples.map((sample) => sample.cpuSeconds)).median
  const memory = metricOf(side, 'memory')
  const timed = side.samples.length > 0
  const metric = timed ? 'seconds' : 'calls'
  const [own, other] = [metricOf(ours, metric), metricOf(side, metric)]
  return [
    side.name,
    ...(timed ? [median, min, max, cpu].map(formatSeconds) : ['', '', '', '']),
    memory ? formatBytes(memory) : '',
    side.bytes === null ? '' : formatBytes(side.bytes),
    side.calls === null ? '' : (side.calls.total / side.units).toFixed(2),
    side === ours || own === null || !other ? '' : (own / other).toFixed(2),
  ]
}

/** Rows of one cell after the name run on as far as they like. */
function alignColumns(rows: readonly string[][]): string[] {
  const widths = rows[0]!.map((_, i) =>
    Math.max(...rows.filter((row) => i === 0 || row.length > 2).map((row) => row[i]!.length)),
  )
  return rows.map((row) => {
    const cells = row.map((cell, i) =>
      i === 0 || row.length === 2 ? cell.padEnd(widths[0]!) : cell.padStart(widths[i]!),
    )
    return `  ${cells.join('  ').trimEnd()}`
  })
}

export function renderVerdict(verdict: Verdict): string {
  const { target, reached, reason } = verdict
  const word = reached === null ? 'open       ' : reached ? 'reached    ' : 'NOT REACHED'
  return `  ${word} ${describeTarget(verdict)}${reason === '' ? '' : ` (${reason})`} · issue ${target.issue}`
}

/** What was reached and what was to be: `fsscan seconds: 0.61 times find, at most 0.65`. */
export function describeTarget({ target, beside, value }: Verdict): string {
  const show = (figure: number) => (target.how === 'ratio' ? figure.toFixed(2) : formatMetric(target.metric, figure))
  const what = `${target.side} ${target.metric}${target.perUnit ? ' a unit' : ''}`
  const name = beside || target.beside.join(', ')
  const link = { ratio: ` times ${name}`, excess: ` over ${name}`, alone: '' }[target.how]
  return `${what}: ${value === null ? '-' : show(value)}${link}, at most ${show(target.limit)}`
}

/** The machine and the peers, once for a run; absent peers are named. */
export function renderSetting(result: Pick<Result, 'machine' | 'node' | 'ours' | 'peers'>, results: string): string {
  const { machine, peers } = result
  const present = Object.entries(peers).flatMap(([name, version]) => (version === null ? [] : [`${name} ${version}`]))
  const absent = Object.entries(peers).flatMap(([name, version]) => (version === null ? [name] : []))
  return [
    `${machine.cpu}, ${machine.cores} cores, ${formatBytes(machine.memoryBytes)}, ${machine.kernel}, ${machine.filesystem}`,
    `load ${machine.load}${machine.load > machine.cores / 2 ? ': this machine is busy, take the figures with care' : ''}`,
    `fs-changeset ${result.ours}, node ${result.node}`,
    `beside it: ${present.join(', ')}`,
    ...(absent.length === 0 ? [] : [`not installed, so not measured: ${absent.join(', ')}`]),
    `results go to ${basename(results)}`,
    '',
  ].join('\n')
}
