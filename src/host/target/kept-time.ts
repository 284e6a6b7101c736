/** What becomes of a time on a filesystem that does not keep every one: the kernel takes the next earlier that it keeps. */
import type { Time } from '../../model/time.ts'
import type { Traits } from '../entry/filesystem.ts'

type TimeTraits = Pick<Traits, 'timeStepNs' | 'timeMinSec' | 'timeMaxSec'>

export function keptTime({ timeStepNs, timeMinSec, timeMaxSec }: TimeTraits, sec: number, nsec: number): Time {
  if (sec <= timeMinSec) return { sec: timeMinSec, nsec: 0 }
  if (sec >= timeMaxSec) return { sec: timeMaxSec, nsec: 0 }
  if (timeStepNs <= SECOND) return { sec, nsec: nsec - (nsec % timeStepNs) }
  const step = timeStepNs / SECOND
  return { sec: Math.floor(sec / step) * step, nsec: 0 }
}

const SECOND = 1e9

/** True where a time is what was seen, as far as this filesystem keeps it. */
export function isKeptAs(traits: TimeTraits, sec: number, nsec: number, seenSec: number, seenNsec: number): boolean {
  if (sec === seenSec && nsec === seenNsec) return true
  const kept = keptTime(traits, sec, nsec)
  return kept.sec === seenSec && kept.nsec === seenNsec
}
