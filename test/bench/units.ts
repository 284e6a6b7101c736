/** Figures as people read them. */
import type { Metric } from './case.ts'

export function formatSeconds(seconds: number): string {
  if (seconds >= 100) return `${seconds.toFixed(0)} s`
  if (seconds >= 1) return `${seconds.toFixed(2)} s`
  if (seconds >= 1e-3) return `${(seconds * 1e3).toFixed(seconds < 0.1 ? 1 : 0)} ms`
  return seconds >= 1e-7 ? `${(seconds * 1e6).toFixed(2)} us` : `${(seconds * 1e9).toFixed(2)} ns`
}

export function formatBytes(bytes: number): string {
  const names = ['B', 'kB', 'MB', 'GB', 'TB']
  let power = 0
  while (power < 4 && bytes >= 999.5) {
    bytes /= 1000
    power++
  }
  return `${power === 0 || bytes >= 100 ? bytes.toFixed(0) : bytes.toPrecision(3)} ${names[power]}`
}

export function formatMetric(metric: Metric, value: number): string {
  switch (metric) {
    case 'seconds':
      return formatSeconds(value)
    case 'calls':
      return value.toFixed(2)
    default:
      return formatBytes(value)
  }
}
