/** What the benchmark is made of: cases, the sides that are run beside each other, and the figures to reach. */

/** What is measured of each run of a side. */
export type Metric = 'seconds' | 'bytes' | 'memory' | 'calls'

/**
 * One command line that is measured. Scripts are bash; they find the corpora in variables (`$FILES_1M`), `$W` is an
 * empty folder beside the corpora that all sides of a case share, `$SHM` one in memory.
 */
export type Side = {
  /** Short, unique in its case; the table and the results name the side by it. */
  name: string
  /** Words that must be there: programs (`rsync`), our flags (`fsscan --chunks`), `root`, `tmpfs`. */
  needs: readonly string[]
  /** Run once before the first round, not timed. */
  setup: string
  /** Run before every run, not timed. */
  prepare: string
  /** Timed. */
  run: string
  /** File or folder whose size counts as the bytes that the run produced; empty where none counts. */
  produces: string
  /** Run once after the last round: prints nothing where the outcome is right, else what is wrong with it. */
  check: string
  /** Prints how many files or bytes one run goes through, for figures a unit; empty for whole runs. */
  units: string
}

/** A figure to reach by the metric of `side`. */
export type Target = {
  /** Issue that names it. */
  issue: number
  metric: Metric
  /** Both sides' metrics are divided by their units first. */
  perUnit: boolean
  side: string
  /** Sides it is compared with, of which the smallest counts. */
  beside: readonly string[]
  /** What is held against the limit: the metric divided by that of the other side, less that of it, or alone. */
  how: 'ratio' | 'excess' | 'alone'
  limit: number
}

export type Case = {
  name: string
  title: string
  /** Only run with --full or by name. */
  full: boolean
  /** Runs of each side where --runs does not say; figures that do not vary (bytes, calls) need one. */
  runs: number
  /**
   * `time`, or the system calls of one run under strace on the case's one corpus (`$TREE`), less those of the same
   * scripts on an empty one.
   */
  measures: 'time' | 'calls'
  corpora: readonly string[]
  /** Corpora that are read through once before, so that the first side does not pay for a cold cache. */
  warm: readonly { corpus: string; contents: boolean }[]
  sides: readonly Side[]
  targets: readonly Target[]
}

type SideWords = Partial<Omit<Side, 'name' | 'run'>>

/** A side; what is not said is empty. */
export function side(name: string, run: string, words: SideWords = {}): Side {
  return { name, run, needs: [], setup: '', prepare: '', produces: '', check: '', units: '', ...words }
}

/** A case; what is not said is the usual. */
export function defineCase(words: Partial<Case> & Pick<Case, 'name' | 'title' | 'corpora' | 'sides'>): Case {
  return { full: false, runs: 3, measures: 'time', warm: [], targets: [], ...words }
}

type TargetWords = { issue: number; metric: Metric; side: string; limit: number; perUnit?: boolean }

/** `side` takes at most `limit` times what the best of `beside` takes. */
export function atMost(words: TargetWords, ...beside: string[]): Target {
  return { perUnit: false, ...words, beside, how: 'ratio' }
}

/** `side` takes at most `limit` more than the best of `beside`. */
export function atMostOver(words: TargetWords, ...beside: string[]): Target {
  return { perUnit: false, ...words, beside, how: 'excess' }
}

/** `side` takes at most `limit`: seconds, bytes, bytes of memory, calls. */
export function atMostAlone(words: TargetWords): Target {
  return { perUnit: false, ...words, beside: [], how: 'alone' }
}
