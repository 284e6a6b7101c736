/** The page of charts: one HTML file with everything in it, drawn from results. */
import { metricOf, type SideResult } from '../judge.ts'
import type { Result } from '../results.ts'
import { describeTarget, renderSetting } from '../table.ts'
import { formatBytes, formatSeconds } from '../units.ts'
import { type Bar, drawBars } from './bars.ts'
import { drawLines, type Series } from './lines.ts'
import { escapeXml } from './svg.ts'

const NAME_WIDTH = 170
const FIGURE_WIDTH = 520

/** One result of each case, the latest. */
export function drawPage(results: readonly Result[]): string {
  const last = results.at(-1)
  if (last === undefined) return ''
  const sections = [
    drawFigures(results),
    ...drawGrowth(results),
    heading('Bytes'),
    ...results.map((result) => drawMetric(result, 'bytes', formatBytes)),
    heading('Time'),
    ...results.map((result) => drawMetric(result, 'seconds', formatSeconds)),
  ]
  const setting = escapeXml(renderSetting(last, 'here').split('\n').slice(0, -3).join('\n'))
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>fs-changeset beside its peers</title>
<style>${style}</style>
<h1>fs-changeset beside its peers</h1>
<p>Measured ${last.date.slice(0, 10)}; medians of runs in turn on one machine; shorter is better everywhere.</p>
<pre>${setting}</pre>
${sections.filter(Boolean).join('\n')}
</html>
`
}

function heading(words: string): string {
  return `<h2>${escapeXml(words)}</h2>`
}

function figure(title: string, drawing: string): string {
  return `<figure><figcaption>${escapeXml(title)}</figcaption>${drawing}</figure>`
}

/** What was measured divided by what was to be reached. */
function drawFigures(results: readonly Result[]): string {
  const bars = results.flatMap((result) =>
    result.verdicts.flatMap((verdict): Bar[] => {
      if (verdict.value === null) return []
      const value = verdict.value / verdict.target.limit
      const kind = verdict.reached ? 'reached' : 'missed'
      return [{ name: `${result.case}: ${describeTarget(verdict)}`, value, shown: value.toFixed(2), kind }]
    }),
  )
  if (bars.length === 0) return ''
  return `${heading('Figures to reach')}${figure('what was measured over what was to be reached; at the line: just reached', drawBars('figures', bars, FIGURE_WIDTH, 1, 2.5))}`
}

/** Sides whose name ends in a size are lines over the number of files. */
function drawGrowth(results: readonly Result[]): string[] {
  const scans = results.filter((result) => /^scan-/.test(result.case)).flatMap((result) => result.sides)
  const draw = (title: string, metric: 'seconds' | 'memory', show: (value: number) => string) => {
    const series = seriesOf(scans, metric)
    const axes = { x: (files: number) => `${files.toLocaleString('en')} files`, y: show }
    return series.length === 0 ? '' : figure(title, drawLines(title, series, axes))
  }
  return [
    heading('Growth with the tree'),
    draw('Time to list a tree', 'seconds', formatSeconds),
    draw('Peak resident memory while listing it', 'memory', formatBytes),
  ]
}

function seriesOf(sides: readonly SideResult[], metric: 'seconds' | 'memory'): Series[] {
  const byName = new Map<string, Map<number, number>>()
  for (const side of sides) {
    const value = metricOf(side, metric)
    const name = side.name.replace(/ \S+$/, '')
    if (!value) continue
    if (!byName.has(name)) byName.set(name, new Map())
    byName.get(name)!.set(side.units, value)
  }
  return [...byName].map(([name, points]) => {
    const sorted = [...points].sort((a, b) => a[0] - b[0])
    return { name, points: sorted.map(([x, y]) => ({ x, y })) }
  })
}

function drawMetric(result: Result, metric: 'seconds' | 'bytes', show: (value: number) => string): string {
  const bars = result.sides.flatMap((side): Bar[] => {
    const value = metricOf(side, metric)
    if (value === null) return []
    return [{ name: side.name, value, shown: show(value), kind: isOurs(side.name) ? 'ours' : 'peer' }]
  })
  if (bars.length < 2 || bars.every(({ kind }) => kind === 'ours')) return ''
  return figure(`${result.case}: ${result.title}`, drawBars(result.case, bars, NAME_WIDTH, 0, Number.POSITIVE_INFINITY))
}

function isOurs(name: string): boolean {
  return /^fs[a-z]+\b|^pipeline|^scan, |^chunks$|^old tree at hand$|^whole files$/.test(name)
}

const style = `
:root { color-scheme: light dark; --ours: #2266cc; --peer: #9aa3ad; --reached: #2a8f4d; --missed: #c9462c; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 820px; margin: 2rem auto; padding: 0 1rem; }
pre { white-space: pre-wrap; font-size: 12px; opacity: 0.8; }
figure { margin: 1.2rem 0; } figcaption { font-weight: 600; margin-bottom: 0.3rem; }
svg { max-width: 100%; height: auto; overflow: visible; }
svg text { font: 12px system-ui, sans-serif; fill: currentColor; } svg .value { opacity: 0.75; }
.ours { fill: var(--ours); } .peer { fill: var(--peer); } .reached { fill: var(--reached); } .missed { fill: var(--missed); }
.grid { stroke: currentColor; opacity: 0.15; } .mark { stroke: currentColor; stroke-width: 1.5; }
.line { fill: none; stroke-width: 2; }
${['#2266cc', '#6fa0e8', '#d08700', '#c9462c', '#2a8f4d', '#8452b8']
  .map(
    (color, i) =>
      `.series-${i} { stroke: ${color}; } circle.series-${i}, svg text.series-${i} { fill: ${color}; } svg text.series-${i} { stroke: none; }`,
  )
  .join('\n')}
`
