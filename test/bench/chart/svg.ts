/** SVG as text: the few shapes that the charts are made of. */

export function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

export type Anchor = 'start' | 'middle' | 'end'

export function text(x: number, y: number, words: string, anchor: Anchor = 'start', name = ''): string {
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}" class="${name}">${escapeXml(words)}</text>`
}

export function rect(x: number, y: number, width: number, height: number, name: string): string {
  return `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" class="${name}"/>`
}

export function line(x1: number, y1: number, x2: number, y2: number, name: string): string {
  return `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" class="${name}"/>`
}

export function svg(width: number, height: number, label: string, shapes: readonly string[]): string {
  const head = `<svg viewBox="0 0 ${width} ${round(height)}" width="${width}" role="img" aria-label="${escapeXml(label)}">`
  return `${head}${shapes.join('\n')}</svg>`
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
