/** Assertions: what we believe about our own code. What we read from outside is checked with errors instead. */
import { BugError } from './errors.ts'

/** Throws a BugError when a belief about our own code turns out false. */
export function assert(belief: boolean, what = 'assertion failed'): asserts belief {
  if (!belief) throw new BugError(what)
}

/** Closes a switch: the type checker proves that no case is left over. */
export function unreachable(value: never): never {
  throw new BugError(`unreachable: ${String(value)}`)
}
