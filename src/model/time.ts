/** Times as text. A time is whole seconds since 1970, rounded down, and nanoseconds within the second (spec §5). */
import { Limits } from '../base/constants.ts'

export type Time = { sec: number; nsec: number }

const NSEC_PER_SEC = 1_000_000_000

export const NSEC_MAX = NSEC_PER_SEC - 1

/** True within the bounds of spec §5.3. */
export function isTime({ sec, nsec }: Time): boolean {
  return Math.abs(sec) <= Limits.sizeMax && nsec <= NSEC_MAX
}

/** A time as a decimal number of seconds with nine digits, such as `1714557600.000000001`; half a second before 1970 is `-0.500000000`. */
export function formatSeconds(sec: number, nsec: number): string {
  if (sec >= 0) return `${sec}.${digits(nsec, 9)}`
  return nsec === 0 ? `${sec}.000000000` : `-${-(sec + 1)}.${digits(NSEC_PER_SEC - nsec, 9)}`
}

const SECONDS = /^(-?)(\d{1,16})(?:\.(\d{1,9}))?$/

/** The time of a decimal number of seconds with up to nine digits after the point; null where it is none or too large. */
export function parseSeconds(text: string): Time | null {
  const match = SECONDS.exec(text)
  if (match === null) return null
  const whole = Number(match[2])
  const fraction = Number((match[3] ?? '').padEnd(9, '0'))
  if (whole > Limits.sizeMax) return null
  if (match[1] === '') return { sec: whole, nsec: fraction }
  if (fraction === 0) return { sec: 0 - whole, nsec: 0 }
  return whole === Limits.sizeMax ? null : { sec: -whole - 1, nsec: NSEC_PER_SEC - fraction }
}

/** A time in UTC as `2024-05-01 10:00:00`; as seconds after an `@` where the calendar of the language ends. */
export function formatDate(sec: number): string {
  const date = new Date(sec * 1000)
  if (Number.isNaN(date.getTime())) return `@${sec}`
  return date.toISOString().slice(0, -'.000Z'.length).replace('T', ' ')
}

/** The same with nine digits of nanoseconds. */
export function formatDateFull(sec: number, nsec: number): string {
  return `${formatDate(sec)}.${digits(nsec, 9)}`
}

function digits(value: number, count: number): string {
  return String(value).padStart(count, '0')
}
