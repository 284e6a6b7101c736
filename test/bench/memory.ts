/** Peak resident memory of a script's processes, read from /proc while they run. */
import { readdirSync, readFileSync } from 'node:fs'

/**
 * Looks at every descendant of one process, the process itself (the shell that runs the script) left out. Each look adds
 * up the high-water marks (VmHWM) of the processes that live at that moment; the peak is the largest such sum. It is
 * never less than what they held together at any look; pages that processes share, such as node's own program,
 * count once for each.
 */
export class MemoryWatch {
  peakBytes = 0
  readonly #root: number

  constructor(root: number) {
    this.#root = root
  }

  look(): void {
    let sum = 0
    for (const pid of descendants(this.#root)) sum += highWaterBytes(pid)
    this.peakBytes = Math.max(this.peakBytes, sum)
  }
}

function descendants(root: number): number[] {
  const found: number[] = []
  const waiting = [root]
  for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
    const children = childrenOf(pid)
    found.push(...children)
    waiting.push(...children)
  }
  return found
}

/** Children are listed by the thread that made them. A process that is gone has none. */
function childrenOf(pid: number): number[] {
  try {
    const tasks = readdirSync(`/proc/${pid}/task`)
    const lists = tasks.map((task) => readFileSync(`/proc/${pid}/task/${task}/children`, 'latin1'))
    return lists.join(' ').split(' ').filter(Boolean).map(Number)
  } catch {
    return []
  }
}

function highWaterBytes(pid: number): number {
  try {
    const match = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))
    return match === null ? 0 : Number(match[1]) * 1024
  } catch {
    return 0
  }
}
