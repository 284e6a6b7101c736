/** Two snapshots to a changeset (spec §8.2), without contents: those are added by pack. */
import type { Monitor } from '../../base/monitor.ts'
import { type Head, HINTS_DIGEST_BYTES } from '../../format/frame.ts'
import { EMPTY } from '../../model/bytes-column.ts'
import type { End, Header, Item } from '../../model/item.ts'
import { compareBytes, pathKey } from '../../model/path.ts'
import type { Problem } from '../../model/problem.ts'
import type { Aspect, CompareRules } from '../../tree/compare.ts'
import { type DiffRules, TreeDiff } from '../../tree/diff.ts'
import { compileFilters } from '../../tree/filter.ts'
import { TOUCH_FILES_MIN, TouchSearch } from '../../tree/touch-search.ts'
import { openSide, type Side, type Source } from '../stream/two-streams.ts'
import { HELD_BYTES_MAX, type MoveSearch, withMoves } from './moves.ts'
import { withTouch } from './touch.ts'

export type DiffOptions = {
  before: Source
  after: Source
  compare: CompareRules
  moves: MoveSearch
  /** Whether changes of time are told by a touch where they can be: who reads the changeset then needs the tree. */
  touch: boolean
  /** Program and version, for the header. */
  tool: string
  /** zstd level, for the header. */
  level: number
  comment: string
  /** Counts the rows of the tree after. */
  monitor: Monitor
}

/**
 * The items of the changeset that leads from one snapshot to the other: header, rows, the problems of both snapshots, end.
 * Where both come as frames, equal frames are passed over without being decompressed, but for a touch. Memory does not grow with the trees;
 * a search for moves holds the differences.
 * Throws RefusedError `wrong-kind` where one is no snapshot, FormatError as its reader does.
 */
export async function* diff(options: DiffOptions): AsyncIterable<Item> {
  const before = await openSide('first', options.before, ['snapshot'])
  try {
    const after = await openSide('second', options.after, ['snapshot'])
    try {
      const rules = rulesFor(before.header, after.header, options.compare)
      // What the filters of one tree alone leave out may have any time.
      const touches = options.touch && rules.filters === null ? new TouchSearch(TOUCH_FILES_MIN) : null
      const items = diffSides(before, after, rules, touches, options)
      const isWeakAllowed = options.moves === 'likely'
      const moved = options.moves === 'none' ? items : withMoves(items, { ...rules, isWeakAllowed }, HELD_BYTES_MAX)
      yield* touches === null ? moved : withTouch(moved, touches)
    } finally {
      await after.close()
    }
  } finally {
    await before.close()
  }
}

async function* diffSides(
  before: Side,
  after: Side,
  rules: DiffRules,
  touches: TouchSearch | null,
  options: DiffOptions,
): AsyncIterable<Item> {
  const engine = new TreeDiff(rules)
  if (touches !== null) engine.onUnchanged = (a, i, b, j) => touches.addUnchanged(a, i, b, j)
  const problems = new ProblemRelay()
  before.onProblem = (problem) => {
    engine.blindSpots.before.addProblem(problem)
    problems.add(problem)
  }
  after.onProblem = (problem) => {
    engine.blindSpots.after.addProblem(problem)
    problems.add(problem)
  }
  const canSkip = touches === null ? skipRule(before.header, after.header, rules) : () => false
  const trustedHidden = before.header.trustedHidden || after.header.trustedHidden
  yield { kind: 'header', header: { ...headerFor(after.header, rules.ignored, options), trustedHidden } }
  for (let need = engine.run(); need !== 'nothing'; need = engine.run()) {
    for (const batch of engine.output.take(false)) yield { kind: 'rows', batch }
    if (engine.isBetweenBatches) options.monitor.entries += await skipEqual(before, after, canSkip)
    const batch = await (need === 'before' ? before : after).nextBatch()
    if (need === 'after') options.monitor.entries += batch?.rowCount ?? 0
    engine.feed(need, batch)
    for (const problem of problems.take()) yield { kind: 'problem', problem }
  }
  for (const batch of engine.output.take(true)) yield { kind: 'rows', batch }
  if (rules.filters !== null && engine.leftOut > 0) yield { kind: 'problem', problem: filteredProblem(engine.leftOut) }
  yield { kind: 'end', end: endOf(before.end, after.end, engine, rules) }
}

/** What was not read on either side is not compared. */
function rulesFor(before: Header, after: Header, compare: CompareRules): DiffRules {
  const ignored = new Set<Aspect>(compare.ignored)
  if (!before.xattrs || !after.xattrs) ignored.add('xattrs')
  const hasSameFilters = before.filters.join('\n') === after.filters.join('\n')
  const filters = hasSameFilters
    ? null
    : { before: compileFilters(before.filters), after: compileFilters(after.filters) }
  // A difference that one of the two scans could not see is none.
  const hidesTrusted = before.trustedHidden !== after.trustedHidden
  return { ...compare, ignored, filters, hidesTrusted }
}

function headerFor(after: Header, ignored: ReadonlySet<Aspect>, options: DiffOptions): Header {
  return {
    ...after,
    kind: 'changeset',
    tool: options.tool,
    level: options.level,
    data: false,
    dataBefore: false,
    ignored: [...ignored].sort(),
    comment: options.comment,
    features: [],
  }
}

type SkipRule = (before: Head, after: Head) => boolean

/**
 * When two frames of equal rows may be passed over: their contents must be equal beyond their times, by their ids or
 * because each is the same unchanged inode.
 */
function skipRule(before: Header, after: Header, rules: CompareRules): SkipRule {
  const areContentsKnown = before.digest === 'blake3' && after.digest === 'blake3'
  const noHints = new Uint8Array(HINTS_DIGEST_BYTES)
  return (a, b) => {
    if (compareBytes(a.digest, b.digest) !== 0) return false
    if (areContentsKnown) return true
    const isSameHints = compareBytes(a.hintsDigest, b.hintsDigest) === 0 && compareBytes(a.hintsDigest, noHints) !== 0
    return isSameHints && !rules.ignoreTimes
  }
}

/** Passes over frames as long as they are equal; answers with their rows. */
async function skipEqual(before: Side, after: Side, canSkip: SkipRule): Promise<number> {
  for (let rowCount = 0; ; ) {
    const a = await before.peekRows()
    const b = a === null ? null : await after.peekRows()
    if (a === null || b === null || !canSkip(a, b)) return rowCount
    rowCount += b.rowCount
    await before.skipRows()
    await after.skipRows()
  }
}

function filteredProblem(leftOut: number): Problem {
  return { path: EMPTY, code: 'filtered', phase: 'diff', detail: String(leftOut) }
}

/** The ids say what the rows lead from and to, unless something of the tree after was left as it was before. */
function endOf(before: End, after: End, engine: TreeDiff, rules: DiffRules): End {
  const isWhole = engine.leftOut === 0 && rules.ignored.size === 0 && !rules.sizeOnly && !rules.hidesTrusted
  return {
    rowCount: engine.output.rowCount,
    contentCount: 0,
    contentBytes: 0,
    problemCount: 0,
    judgedByTime: engine.judgedByTime,
    from: before.to,
    to: isWhole ? after.to : EMPTY,
  }
}

/** Passes problems on; what both snapshots say at about the same place is said once. */
class ProblemRelay {
  #problems: Problem[] = []
  #said = new Set<string>()

  add(problem: Problem): void {
    const key = `${problem.code}/${pathKey(problem.path)}`
    if (this.#said.has(key)) return
    if (this.#said.size === SAID_MAX) this.#said.clear()
    this.#said.add(key)
    this.#problems.push(problem)
  }

  take(): Problem[] {
    const problems = this.#problems
    this.#problems = []
    return problems
  }
}

/** More than the frames of problems that either side is ahead of the other hold. */
const SAID_MAX = 1 << 16
