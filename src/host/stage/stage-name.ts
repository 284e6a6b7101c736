/** The name of a stage folder in the target's root. */
import type { Time } from '../../model/time.ts'
import { STAGE_PREFIX } from '../target/target.ts'

/**
 * The name tells the root's time before the stage was made, for whoever has to remove one that was made just before a
 * crash: `.fsapply-<seconds>.<nanoseconds>-<random>`, numbers to the base 36.
 */
export function stageName({ sec, nsec }: Time): Uint8Array {
  const id = `${sec.toString(36)}.${nsec.toString(36)}-${Math.random().toString(36).slice(2, 12)}`
  return Buffer.concat([STAGE_PREFIX, Buffer.from(id)])
}

/** The time that a stage's name tells; null where it tells none. */
export function timeOfName(name: Uint8Array): Time | null {
  const match = /^\.fsapply-(-?[0-9a-z]+)\.([0-9a-z]+)-/.exec(Buffer.from(name).toString('latin1'))
  return match === null ? null : { sec: Number.parseInt(match[1]!, 36), nsec: Number.parseInt(match[2]!, 36) }
}
