/** System calls of a script, counted by strace. */
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { type Environment, measure } from './measure.ts'

/**
 * Calls by name, of the script and all its children; null where strace does not work here. Every call is logged and
 * the lines are counted: the summary of `strace -c` leaves out calls that are younger than strace.
 */
export async function countCalls(script: string, env: Environment): Promise<Map<string, number> | null> {
  const log = `${env['W']}/strace.log`
  const traced = { ...env, LOG: log, SCRIPT: script }
  const { status } = await measure('strace -f -s 0 -o "$LOG" bash -c "$SCRIPT"', traced, 3600)
  return status === 0 ? countLines(createInterface({ input: createReadStream(log) })) : null
}

/** Calls that strace 6.1 knows by number only. */
const young: Readonly<Record<string, string>> = {
  syscall_0x1cf: 'setxattrat',
  syscall_0x1d0: 'getxattrat',
  syscall_0x1d1: 'listxattrat',
}

/** A line of the log is `PID NAME(ARGUMENTS) = RESULT`; a call that was interrupted by another is resumed on a second line. */
export async function countLines(lines: AsyncIterable<string> | Iterable<string>): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  for await (const line of lines) {
    const name = /^(?:\d+ +)?(\w+)\(/.exec(line)?.[1]
    if (name === undefined) continue
    const known = young[name] ?? name
    counts.set(known, (counts.get(known) ?? 0) + 1)
  }
  return counts
}
