/** The benchmark as a program. */
import { mkdirSync, writeFileSync } from 'node:fs'
import type { Case } from './case.ts'
import { cases } from './cases/index.ts'
import { drawPage } from './chart/page.ts'
import { CorpusCache } from './corpus/cache.ts'
import { judge } from './judge.ts'
import { describeMachine, isStale, ourVersion } from './machine.ts'
import { type Options, parseOptions, usage } from './options.ts'
import { Programs, peerVersions } from './programs.ts'
import { appendResult, compareResults, latestResults, type Result } from './results.ts'
import { type Bench, runCase } from './run-case.ts'
import { renderResult, renderSetting, renderVerdict } from './table.ts'

/** `root` is the project's folder. Gives the exit status: 0, or 1 where nothing could be run. */
export async function main(root: string, args: string[]): Promise<number> {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop(signal))
  try {
    const options = parseOptions(args)
    if (options === 'help') return print(usage)
    if (options.list) return print(cases.map(describeCase).join(''))
    if (options.chart) return chart(options)
    return await bench(root, options)
  } catch (error) {
    console.error(`bench: ${(error as Error).message}`)
    return 1
  }
}

/** What is on its way is killed and cleaned up by those who listen to the exit. */
function stop(signal: string): never {
  console.error(`bench: stopped by ${signal}`)
  process.exit(signal === 'SIGINT' ? 130 : 143)
}

function print(text: string): number {
  process.stdout.write(text)
  return 0
}

function describeCase({ name, title, full }: Case): string {
  return `${name.padEnd(24)}${full ? 'full  ' : '      '}${title}\n`
}

function chart({ results, page }: Options): number {
  writeFileSync(page, drawPage([...latestResults(results).values()]))
  return print(`${page}\n`)
}

async function bench(root: string, options: Options): Promise<number> {
  const chosen = chooseCases(options)
  mkdirSync(options.cache, { recursive: true })
  const before = options.compare === null ? null : latestResults(options.compare)
  const say = (line: string) => process.stderr.write(`${line}\n`)
  if (isStale(root)) say('dist/ is older than src/: `npm run build` first to measure what is there now')
  const work: Bench = {
    programs: new Programs(root, options.cache),
    corpora: new CorpusCache(options.cache, options.tiny ? 0.01 : 1, say),
    cacheFolder: options.cache,
    runs: options.runs,
    threads: options.threads,
    cold: options.cold,
    first: options.first,
    showProgress: (words) => void (process.stderr.isTTY && process.stderr.write(`\r\x1b[K${words}`)),
  }
  const setting = {
    node: process.version,
    ours: ourVersion(root),
    peers: peerVersions(),
    threads: options.threads,
    cold: options.cold,
    first: options.first,
    tiny: options.tiny,
  }
  print(`${renderSetting({ ...setting, machine: describeMachine(options.cache) }, options.results)}\n`)
  const done: Result[] = []
  for (const one of chosen) {
    if (!process.stderr.isTTY) say(one.name)
    const machine = describeMachine(options.cache)
    const { sides, corpora } = await runCase(work, one)
    const verdicts = one.targets.map((target) => judge(target, sides))
    const names = { case: one.name, title: one.title, date: new Date().toISOString() }
    const result: Result = { ...names, machine, ...setting, corpora, sides, verdicts }
    appendResult(options.results, result)
    done.push(result)
    print(`${renderResult(result)}\n`)
  }
  print(summary(done))
  if (before !== null) print(moved(before, done))
  return 0
}

function chooseCases({ names, full }: Options): Case[] {
  if (names.length === 0) return cases.filter((one) => full || !one.full)
  return names.flatMap((name) => {
    const exact = cases.filter((one) => one.name === name)
    const found = exact.length > 0 ? exact : cases.filter((one) => one.name.startsWith(name))
    if (found.length === 0) throw new Error(`no case is called ${name}; --list names them`)
    return found
  })
}

function summary(results: readonly Result[]): string {
  const verdicts = results.flatMap((result) => result.verdicts)
  const count = (reached: boolean | null) => verdicts.filter((verdict) => verdict.reached === reached).length
  const missed = results.flatMap((result) =>
    result.verdicts
      .filter(({ reached }) => reached === false)
      .map((verdict) => `${result.case}\n${renderVerdict(verdict)}\n`),
  )
  const note = results.some(({ tiny }) => tiny)
    ? 'a hundredth of the corpora: the figures say nothing about the product\n'
    : ''
  return `${note}${count(true)} figures reached, ${count(false)} not reached, ${count(null)} open\n${missed.join('')}`
}

function moved(before: ReadonlyMap<string, Result>, results: readonly Result[]): string {
  const lines = results.flatMap((result) => {
    const old = before.get(result.case)
    return old === undefined ? [`${result.case}: not in the older results`] : compareResults(old, result)
  })
  return `\nmoved since ${[...before.values()].at(-1)?.date ?? 'never'}:\n${lines.map((line) => `  ${line}\n`).join('')}`
}
