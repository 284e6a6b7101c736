/** Progress on standard error: a line that is rewritten, or one line of JSON every now and then. */
import type { Monitor } from '../base/monitor.ts'
import { isTerminal, STDERR, say, showStatus } from '../host/stream/stdio.ts'

export type ProgressStyle = 'bar' | 'json' | 'none'

const BAR_MS = 150
const JSON_MS = 1000

/**
 * Reports on `monitor` until the returned function is called. `style` null: a bar where a person sees it.
 * @param printsToScreen whether standard output goes to that person, too: a bar would get in its way
 */
export function startProgress(monitor: Monitor, style: ProgressStyle | null, printsToScreen: boolean): () => void {
  const chosen = style ?? (!printsToScreen && isTerminal(STDERR) ? 'bar' : 'none')
  if (chosen === 'none') return () => {}
  const start = performance.now()
  const seconds = () => (performance.now() - start) / 1000
  const report =
    chosen === 'bar' ? () => showStatus(barLine(monitor, seconds())) : () => say(jsonLine(monitor, seconds()))
  const timer = setInterval(report, chosen === 'bar' ? BAR_MS : JSON_MS)
  timer.unref()
  return () => {
    clearInterval(timer)
    if (chosen === 'bar') showStatus('')
    else report()
  }
}

function jsonLine(monitor: Monitor, seconds: number): string {
  return `${JSON.stringify({ ...monitor, seconds: Math.round(seconds * 1000) / 1000 })}\n`
}

function barLine(monitor: Monitor, seconds: number): string {
  const { phase, entries, entriesTotal, bytes, bytesTotal } = monitor
  const rate = seconds > 0 ? `${count(Math.round(entries / seconds))}/s` : ''
  const parts = [phase, `${ofTotal(count, entries, entriesTotal)} entries`, rate]
  if (bytes > 0) parts.push(ofTotal(size, bytes, bytesTotal))
  const part = bytesTotal > 0 ? bytes / bytesTotal : entriesTotal > 0 ? entries / entriesTotal : -1
  if (part >= 0) parts.push(`${Math.min(100, Math.floor(part * 100))} %`)
  return parts.join('  ')
}

function ofTotal(format: (value: number) => string, value: number, total: number): string {
  return total > 0 ? `${format(value)} of ${format(total)}` : format(value)
}

function count(value: number): string {
  return String(value).replaceAll(/\B(?=(\d{3})+$)/g, ',')
}

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

function size(bytes: number): string {
  const power = bytes < 1024 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10))
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${UNITS[power]}`
}
