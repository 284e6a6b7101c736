/** What a check or an apply has to say of single paths: bounded lists, unbounded counts. */
import { type Entry, ownEntry } from '../../model/entries.ts'
import type { Phase, Problem } from '../../model/problem.ts'

/** A row that the target does not fit. */
export type Conflict = {
  path: Uint8Array
  /** A value of State, `changed` to `links`. */
  state: number
  /** What the changeset expects to find, what it leads to, and what is there; null for nothing. */
  before: Entry | null
  after: Entry | null
  seen: Entry | null
}

export type Findings = {
  phase: Phase
  conflicts: Conflict[]
  conflictCount: number
  problems: Problem[]
  problemCount: number
  /** Problems that forbid a commit: all but what is not kept. */
  blockingCount: number
  /** Directories, as pathKey, that were to go and hold what must stay. */
  held: Set<string>
  /** Rows whose contents are neither in the stream nor at hand. */
  missing: Uint8Array[]
  missingCount: number
}

/** Paths that are listed one by one; a count says how many more there are. */
const LISTED_MAX = 1000

export function createFindings(phase: Phase): Findings {
  return {
    phase,
    conflicts: [],
    conflictCount: 0,
    problems: [],
    problemCount: 0,
    blockingCount: 0,
    held: new Set(),
    missing: [],
    missingCount: 0,
  }
}

/** @param describe is called only where the conflict is listed */
export function addConflict(findings: Findings, describe: () => Conflict): void {
  findings.conflictCount++
  if (findings.conflicts.length >= LISTED_MAX) return
  const { path, state, before, after, seen } = describe()
  findings.conflicts.push({ path, state, before: owned(before), after: owned(after), seen: owned(seen) })
}

const owned = (entry: Entry | null): Entry | null => (entry === null ? null : ownEntry(entry))

export function addProblem(findings: Findings, code: Problem['code'], path: Uint8Array, detail: string): void {
  findings.problemCount++
  if (code !== 'not-kept') findings.blockingCount++
  if (findings.problems.length < LISTED_MAX) findings.problems.push({ path, code, phase: findings.phase, detail })
}

export function addMissing(findings: Findings, path: Uint8Array): void {
  findings.missingCount++
  if (findings.missing.length < LISTED_MAX) findings.missing.push(path)
}
