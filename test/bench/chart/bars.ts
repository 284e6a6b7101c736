/** Horizontal bars: one value beside others, the shorter the better. */
import { line, rect, svg, text } from './svg.ts'

export type Bar = { name: string; value: number; shown: string; kind: 'ours' | 'peer' | 'reached' | 'missed' }

const WIDTH = 760
const ROW = 24

/** `mark` is a value that a line is drawn at, such as a limit; 0 for none. Bars longer than `most` are cut there. */
export function drawBars(label: string, bars: readonly Bar[], nameWidth: number, mark: number, most: number): string {
  const longest = Math.min(most, Math.max(mark, ...bars.map(({ value }) => value)))
  const shownWidth = 8 * Math.max(...bars.map(({ shown }) => shown.length))
  const scale = (WIDTH - nameWidth - shownWidth) / (longest || 1)
  const lengthOf = (value: number) => Math.max(1, Math.min(value, longest) * scale)
  const shapes = bars.flatMap(({ name, value, shown, kind }, i) => [
    text(nameWidth - 8, i * ROW + 16, name, 'end'),
    rect(nameWidth, i * ROW + 4, lengthOf(value), ROW - 8, kind),
    text(nameWidth + lengthOf(value) + 6, i * ROW + 16, shown, 'start', 'value'),
  ])
  const height = bars.length * ROW
  if (mark > 0) shapes.push(line(nameWidth + mark * scale, 0, nameWidth + mark * scale, height, 'mark'))
  return svg(WIDTH, height, label, shapes)
}
