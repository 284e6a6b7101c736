/**
 * Collects what was made lately and is used no more. WHY: V8 collects when its own heap of young objects is full, and a batch is a few
 * small objects there with hundreds of kilobytes of columns outside: a long scan would hold tens of megabytes of dead columns, and
 * more the longer it runs, for that heap grows.
 */
import { v8, vm } from './late.ts'

type Collect = (options: { type: 'minor' }) => void
let collect: Collect | null = null

/** Takes half a millisecond. */
export function collectYoung(): void {
  collect ??= exposed()
  collect({ type: 'minor' })
}

/** V8 shows its collector to the contexts that are made while this flag is set. */
function exposed(): Collect {
  v8().setFlagsFromString('--expose-gc')
  const gc = vm().runInNewContext('gc') as Collect
  v8().setFlagsFromString('--no-expose-gc')
  return gc
}
