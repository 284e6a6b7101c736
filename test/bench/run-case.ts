/** Runs one case: sets its sides up, runs them in turn, round after round, and checks what they left behind. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { countCalls } from './calls.ts'
import type { Case, Side } from './case.ts'
import type { CorpusCache } from './corpus/cache.ts'
import type { SideResult } from './judge.ts'
import { type Environment, measure } from './measure.ts'
import type { Programs } from './programs.ts'

export type Bench = {
  programs: Programs
  corpora: CorpusCache
  cacheFolder: string
  /** Runs of each side; null where the case decides. */
  runs: number | null
  threads: number | null
  cold: boolean
  /** Give the sides precedence over all else that runs on the machine. */
  first: boolean
  /** Shows what is being run, over what was shown before; empty words wipe it. */
  showProgress: (words: string) => void
}

export type CaseOutcome = { sides: SideResult[]; corpora: Record<string, string> }

const LIMIT_SECONDS = 3600
const DROP_CACHES = 'sync; echo 3 > /proc/sys/vm/drop_caches'

export async function runCase(bench: Bench, { sides, ...words }: Case): Promise<CaseOutcome> {
  const shelves = words.corpora.map((name) => [name, bench.corpora.get(name)] as const)
  const reason = shelves.map(([, shelf]) => shelf.reason).find((text) => text !== '') ?? ''
  const results = sides.map((side) => emptyResult(side, reason || lackOf(bench, side)))
  const corpora = Object.fromEntries(shelves.map(([name, shelf]) => [name, shelf.label || shelf.reason]))
  const folders = Object.fromEntries(shelves.map(([name, { folder }]) => [variableOf(name), folder]))
  const work = join(bench.cacheFolder, 'work')
  const env: Environment = { ...commonEnvironment(bench, work), ...folders }
  const present = sides.flatMap((side, i) => (results[i]!.lacking === '' ? [{ side, result: results[i]! }] : []))
  const clean = () => removeFolders(env)
  process.once('exit', clean)
  try {
    emptyFolders(env)
    if (present.length > 0) for (const { corpus, contents } of words.warm) warm(folders[variableOf(corpus)]!, contents)
    for (const { side, result } of present) result.units = await unitsOf(side, env, words.corpora)
    if (words.measures === 'calls') await countAll(bench, present, env, folders[variableOf(words.corpora[0]!)] ?? '')
    else await timeAll(bench, present, env, bench.runs ?? words.runs)
  } finally {
    process.removeListener('exit', clean)
    bench.showProgress('')
    clean()
  }
  return { sides: results, corpora }
}

type Present = { side: Side; result: SideResult }

async function unitsOf({ units }: Side, env: Environment, corpora: readonly string[]): Promise<number> {
  if (units === '') return 1
  const { output } = await measure(units, { ...env, TREE: env[variableOf(corpora[0]!)] ?? '' }, LIMIT_SECONDS)
  return Number(output)
}

/** A side that fails is left out of the rounds that follow, with its complaint. */
async function timeAll(bench: Bench, present: readonly Present[], env: Environment, runs: number): Promise<void> {
  for (const { side, result } of present) await attempt(side.setup, env, result)
  for (let round = 1; round <= runs; round++) {
    for (const { side, result } of present) {
      if (result.lacking !== '') continue
      bench.showProgress(`${side.name}: run ${round} of ${runs}`)
      await attempt(bench.cold ? `${side.prepare}\n${DROP_CACHES}` : side.prepare, env, result)
      if (result.lacking !== '') continue
      const sample = await attempt(side.run, env, result)
      if (sample === null) continue
      result.samples.push(sample)
      if (side.produces !== '') result.bytes = sizeOf(side.produces, env)
      if (round === runs) await check(side, env, result)
    }
  }
}

/** The check of a side sees the outcome of its own last run. */
async function check(side: Side, env: Environment, result: SideResult): Promise<void> {
  if (side.check === '') return
  const { status, output, complaint } = await measure(side.check, env, LIMIT_SECONDS)
  if (status !== 0 || output !== '') result.wrong = `the outcome is wrong: ${(output || complaint).slice(0, 300)}`
}

async function countAll(bench: Bench, present: readonly Present[], env: Environment, tree: string): Promise<void> {
  const empty = join(env['W']!, 'empty')
  for (const { side, result } of present) {
    bench.showProgress(`${side.name}: under strace`)
    const count = async (at: string) => {
      emptyFolders(env)
      mkdirSync(empty)
      await attempt(`${side.setup}\n${side.prepare}`, { ...env, TREE: at }, result)
      return result.lacking === '' ? countCalls(side.run, { ...env, TREE: at }) : null
    }
    const [some, none] = [await count(tree), await count(empty)]
    if (some === null || none === null) result.lacking ||= 'strace could not count'
    else result.calls = subtract(some, none)
  }
}

function subtract(some: Map<string, number>, none: Map<string, number>): NonNullable<SideResult['calls']> {
  const all = [...some].map(([name, count]) => [name, count - (none.get(name) ?? 0)] as const)
  const byName = Object.fromEntries(all.filter(([, count]) => count > 0).sort((a, b) => b[1] - a[1]))
  return { total: all.reduce((sum, [, count]) => sum + count, 0), byName }
}

/** Runs a script; its failure becomes what the side lacks. */
async function attempt(script: string, env: Environment, result: SideResult) {
  if (script.trim() === '' || result.lacking !== '') return null
  const { sample, status, complaint } = await measure(script, env, LIMIT_SECONDS)
  if (status === 0) return sample
  result.lacking = `failed with status ${status}: ${complaint.split('\n').at(-1)!.slice(0, 300)}`
  return null
}

function emptyResult(side: Side, lacking: string): SideResult {
  return { name: side.name, lacking, wrong: '', samples: [], bytes: null, calls: null, units: 1 }
}

function lackOf({ programs }: Bench, side: Side): string {
  return side.needs.map((need) => programs.lacks(need)).find((text) => text !== '') ?? ''
}

/** `files-1m` is `$FILES_1M` to the scripts. */
function variableOf(corpus: string): string {
  return corpus.toUpperCase().replaceAll('-', '_')
}

function commonEnvironment(bench: Bench, work: string): Environment {
  return {
    PATH: `${bench.programs.binFolder}:${process.env['PATH']}`,
    LC_ALL: 'C',
    W: work,
    SHM: `/dev/shm/fs-changeset-bench-${process.pid}`,
    NICE: bench.first ? '-19' : '',
    THREADS: bench.threads === null ? '' : `--threads ${bench.threads}`,
    RESTIC_PASSWORD: 'bench',
    RESTIC_CACHE_DIR: join(work, 'restic-cache'),
    BORG_BASE_DIR: join(work, 'borg-base'),
    GIT_CONFIG_GLOBAL: '/dev/null',
  }
}

function emptyFolders(env: Environment): void {
  removeFolders(env)
  for (const folder of [env['W']!, env['SHM']!]) mkdirSync(folder, { recursive: true })
}

function removeFolders(env: Environment): void {
  for (const folder of [env['W']!, env['SHM']!]) rmSync(folder, { recursive: true, force: true })
}

function warm(folder: string, contents: boolean): void {
  const reader = contents ? ['-type', 'f', '-exec', 'cat', '{}', '+'] : ['-printf', '%s\n']
  execFileSync('find', [folder, ...reader], { stdio: ['ignore', 'ignore', 'inherit'] })
}

/** Bytes of a file, or of all that a folder holds. */
function sizeOf(path: string, env: Environment): number | null {
  const real = path.replace(/^\$(\w+)/, (_, name: string) => env[name] ?? '')
  try {
    if (!statSync(real).isDirectory()) return statSync(real).size
    return Number(execFileSync('du', ['-s', '--apparent-size', '-B1', real], { encoding: 'utf8' }).split('\t')[0])
  } catch {
    return null
  }
}
