/** Work that is cut short at each of its calls in turn, and what is looked at afterwards. */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { expect } from 'vitest'
import { HostError, RefusedError } from '../../src/base/errors.ts'
import type { ApplyReport } from '../../src/flow/apply/apply-options.ts'
import { resume } from '../../src/flow/apply/resume.ts'
import { CommitError } from '../../src/host/commit/commit-error.ts'
import { Errno } from '../../src/host/native/errno.ts'
import { type Fault, isWrite, withFault } from './fault-calls.ts'

/** `npm run torture` tries everything at every call; the usual run, where that takes long, one thing at each, in turn. */
export const isTorture = process.env['TORTURE'] !== undefined

/** What may go wrong without anybody dying. */
export const errors: readonly [what: string, fault: Fault][] = [
  ['EIO', { kind: 'error', errno: Errno.EIO }],
  ['ENOSPC', { kind: 'error', errno: Errno.ENOSPC }],
  ['EACCES', { kind: 'error', errno: Errno.EACCES }],
  ['EINTR', { kind: 'error', errno: Errno.EINTR }],
]

export const short: Fault = { kind: 'short' }
export const kill: Fault = { kind: 'kill' }

/** The calls that work makes when nothing fails, by name. */
export async function callsOf(work: () => unknown): Promise<string[]> {
  const names: string[] = []
  await withFault(0, kill, work, (name) => names.push(name))
  return names
}

/** Where only some of the calls are tried: each of `size`, beginning with that behind the first `from`. */
export type Stride = { size: number; from: number }

const eachCall: Stride = { size: 1, from: 0 }

/** Calls `visit` with the number of each call, from 1. The test runner is told something in between. */
export async function atEveryCall(
  calls: readonly string[],
  visit: (n: number) => unknown,
  stride: Stride = eachCall,
): Promise<void> {
  const { size, from } = isTorture ? eachCall : stride
  for (let n = 1 + from; n <= calls.length; n += size) {
    await setImmediate()
    await visit(n)
  }
}

/** Calls `visit` with the number of each call and an error there; a write is also cut short. `all`: each error at each call. */
export function withEveryError(
  calls: readonly string[],
  all: boolean,
  visit: (n: number, fault: Fault, what: string) => Promise<unknown>,
  stride: Stride = eachCall,
): Promise<void> {
  const visitCall = async (n: number): Promise<void> => {
    const tried = all || isTorture ? errors : [errors[n % errors.length]!]
    for (const [what, fault] of tried) await visit(n, fault, `${what} at ${n}, ${calls[n - 1]}`)
    if (isWrite(calls[n - 1]!)) await visit(n, short, `short at ${n}, ${calls[n - 1]}`)
  }
  return atEveryCall(calls, visitCall, stride)
}

/** Whether work must not even notice. */
export function isHarmless(fault: Fault): boolean {
  return fault.kind === 'short' || (fault.kind === 'error' && fault.errno === Errno.EINTR)
}

/** Whether an apply may fail so. */
function isToldFailure(error: unknown): boolean {
  return [HostError, RefusedError, CommitError].some((type) => error instanceof type)
}

/** What an apply came to in which a call failed. */
type Faulted = {
  isApplied: boolean
  /** It was applied, and says what could not be done behind that. */
  isTold: boolean
  failure: unknown
}

/** An apply in which call n goes wrong: it does not notice what is harmless, and fails only as an apply may. */
export async function faulted(
  n: number,
  fault: Fault,
  what: string,
  run: () => Promise<ApplyReport>,
): Promise<Faulted> {
  let report: ApplyReport | null = null
  let failure: unknown = null
  await withFault(n, fault, async () => {
    report = await run()
  }).catch((error) => {
    failure = error
  })
  // To the compiler nothing was ever assigned.
  const made = report as ApplyReport | null
  const isApplied = made?.outcome === 'applied'
  if (isHarmless(fault)) expect([isApplied, failure], what).toEqual([true, null])
  expect(failure === null || isToldFailure(failure), `${what}: ${failure}`).toBe(true)
  return { isApplied, isTold: isApplied && made!.findings.problemCount > 0, failure }
}

export function stagesOf(target: string): string[] {
  return existsSync(target) ? readdirSync(target).filter((name) => name.startsWith('.fsapply-')) : []
}

/** True where an apply that was cut short here had come to its decision, though all marks of it may be removed by now. */
export function isDecided(target: string): boolean {
  return stagesOf(target).some((stage) => {
    const path = `${target}/${stage}`
    return existsSync(`${path}/decided`) || existsSync(`${path}/complete`) || (statSync(path).mode & 0o4000) !== 0
  })
}

/** Ends what was left, in that direction where it is open, else in the other. Gives the direction. */
export function endStage(target: string, direction: 'resume' | 'roll-back'): 'resume' | 'roll-back' {
  const end = (way: 'resume' | 'roll-back') => resume({ target: Buffer.from(target), direction: way, durable: false })
  try {
    end(direction)
    return direction
  } catch (error) {
    const code = direction === 'resume' ? 'not-decided' : 'already-complete'
    if ((error as { code?: string }).code !== code) throw error
    const other = direction === 'resume' ? 'roll-back' : 'resume'
    end(other)
    return other
  }
}

/** Ends what an apply has left in which a call failed. */
export function endFaulted(target: string, what: string, isApplied: boolean): void {
  if (stagesOf(target).length > 0) endStage(target, isApplied ? 'resume' : 'roll-back')
  expect(stagesOf(target), what).toEqual([])
}

/**
 * Ends what an apply has left that was killed. True where the target is to be old then: what was decided goes the way that was asked
 * for; it was complete, or not begun, where that was not open.
 */
export function endKilled(
  target: string,
  what: string,
  direction: 'resume' | 'roll-back',
  differencesTo: (side: 'before') => string[],
): boolean {
  const way = stagesOf(target).length > 0 ? endStage(target, direction) : null
  expect(stagesOf(target), what).toEqual([])
  return way === 'roll-back' || (way === null && differencesTo('before').length === 0)
}

/** The root's time is put back after the stage is gone: who dies between the two leaves it as it is then. */
export function withoutRootTime(differences: readonly string[]): string[] {
  return differences.filter((line) => !line.startsWith(': mtime'))
}
