/** Which states are conflicts. */
import { State } from '../../base/constants.ts'

/** True for the states that say that the target is not what the changeset expects. */
export function isConflict(state: number): boolean {
  return state >= State.changed && state <= State.links
}
