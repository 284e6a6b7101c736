/** The benchmark's own command line. */
import os from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

export type Options = {
  /** Cases by name or by the beginning of it (`scan`); all that fit without --full where none is named. */
  names: string[]
  full: boolean
  /** Runs of each side; null where each case decides. */
  runs: number | null
  /** Value of --threads for our scans; null where it is left to the command. */
  threads: number | null
  cache: string
  results: string
  /** Results of an earlier run to compare with; null where there is none. */
  compare: string | null
  /** Draw the page from the results and do nothing else. */
  chart: boolean
  /** File of the page. */
  page: string
  list: boolean
  /** Drop the page cache before every run. */
  cold: boolean
  /** Run the sides before all else that the machine does. */
  first: boolean
  /** A hundredth of every corpus, to try the benchmark itself. */
  tiny: boolean
}

export const usage = `npm run bench -- [NAME...] [FLAGS]

  NAME             cases to run, by name or beginning of a name; see --list
  --list           name the cases
  --full           the large cases too
  --runs N         runs of each side, in turn
  --threads N      hand --threads N to our scans
  --cold           drop the page cache before every run (root)
  --first          give the sides precedence over all else that runs on a busy machine (root)
  --cache DIR      where corpora and results are kept (default: $XDG_CACHE_HOME/fs-changeset-bench)
  --results FILE   append the results here (default: results.jsonl in the cache folder)
  --compare FILE   say what moved since these results
  --chart          draw the page of charts from the results, run nothing
  --page FILE      where to draw it (default: bench.html in the cache folder)
  --tiny           a hundredth of every corpus, to try the benchmark itself
`

/** Throws a TypeError for a flag that is not there. */
export function parseOptions(args: string[]): Options | 'help' {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean', default: false } as const
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      help: { ...flag, short: 'h' },
      list: flag,
      full: flag,
      cold: flag,
      chart: flag,
      first: flag,
      tiny: flag,
      runs: text,
      threads: text,
      cache: text,
      results: text,
      compare: text,
      page: text,
    },
  })
  if (values.help) return 'help'
  const cacheHome = process.env['XDG_CACHE_HOME'] || join(os.homedir(), '.cache')
  const cache = values.cache ?? join(cacheHome, 'fs-changeset-bench')
  return {
    names: positionals,
    full: values.full,
    runs: values.runs === undefined ? null : countOf('runs', values.runs),
    threads: values.threads === undefined ? null : countOf('threads', values.threads),
    cache,
    results: values.results ?? join(cache, values.tiny ? 'results-tiny.jsonl' : 'results.jsonl'),
    compare: values.compare ?? null,
    chart: values.chart,
    page: values.page ?? join(cache, 'bench.html'),
    list: values.list,
    cold: values.cold,
    first: values.first,
    tiny: values.tiny,
  }
}

function countOf(name: string, word: string): number {
  if (!/^[1-9]\d{0,3}$/.test(word)) throw new TypeError(`--${name} needs a whole number from 1, not '${word}'`)
  return Number(word)
}
