/** Lines over the size of a tree, both axes logarithmic: what grows in proportion is straight and rises by one in one. */
import { line, svg, text } from './svg.ts'

export type Series = { name: string; points: { x: number; y: number }[] }

const WIDTH = 760
const HEIGHT = 380
const LEFT = 70
const RIGHT = 150
const TOP = 16
const BOTTOM = 40

export function drawLines(
  label: string,
  series: readonly Series[],
  show: Record<'x' | 'y', (v: number) => string>,
): string {
  const points = series.flatMap((one) => one.points)
  const xs = decades(points.map(({ x }) => x))
  const ys = decades(points.map(({ y }) => y))
  const xOf = scaleOf(xs, LEFT, WIDTH - RIGHT)
  const yOf = scaleOf(ys, HEIGHT - BOTTOM, TOP)
  const grid = [
    ...xs.flatMap((x) => [
      line(xOf(x), TOP, xOf(x), HEIGHT - BOTTOM, 'grid'),
      text(xOf(x), HEIGHT - BOTTOM + 18, show.x(x), 'middle'),
    ]),
    ...ys.flatMap((y) => [
      line(LEFT, yOf(y), WIDTH - RIGHT, yOf(y), 'grid'),
      text(LEFT - 8, yOf(y) + 4, show.y(y), 'end'),
    ]),
  ]
  const ends = spreadLabels(series.map((one) => yOf(one.points.at(-1)!.y)))
  const drawn = series.flatMap((one, i) => {
    const corners = one.points.map(({ x, y }) => `${xOf(x).toFixed(1)},${yOf(y).toFixed(1)}`)
    const dots = corners.map((corner) => {
      const [cx, cy] = corner.split(',')
      return `<circle cx="${cx}" cy="${cy}" r="3.5" class="series-${i % 6}"/>`
    })
    const last = one.points.at(-1)!
    return [
      `<polyline points="${corners.join(' ')}" class="line series-${i % 6}"/>`,
      ...dots,
      text(xOf(last.x) + 10, ends[i]! + 4, one.name, 'start', `name series-${i % 6}`),
    ]
  })
  return svg(WIDTH, HEIGHT, label, [...grid, ...drawn])
}

/** Powers of ten around all values, two at least. */
function decades(values: readonly number[]): number[] {
  const low = Math.floor(Math.log10(Math.min(...values)) + 1e-9)
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values)) - 1e-9))
  return Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i))
}

function scaleOf(ticks: readonly number[], from: number, to: number): (value: number) => number {
  const [low, high] = [Math.log10(ticks[0]!), Math.log10(ticks.at(-1)!)]
  return (value) => from + ((Math.log10(value) - low) / (high - low)) * (to - from)
}

/** Labels are moved down until they are 14 apart. */
function spreadLabels(heights: readonly number[]): number[] {
  const order = heights.map((y, i) => ({ y, i })).sort((a, b) => a.y - b.y)
  const placed = [...heights]
  let next = 0
  for (const { y, i } of order) {
    placed[i] = Math.max(y, next)
    next = placed[i]! + 14
  }
  return placed
}
