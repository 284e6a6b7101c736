/**
 * Filters (spec §7.2): which entries of a tree a snapshot leaves out. A rule is '- pattern' or '+ pattern'; the first rule
 * whose pattern matches decides, and an entry that no rule matches is included. Pure: no file is read here.
 */
import { Limits } from '../base/constants.ts'
import { UsageError } from '../base/errors.ts'
import { compileGlob, type Glob, matchesGlob } from './glob.ts'

export type Verdict = 'excluded' | 'included'

/** The verdict on one entry whose parent directories are all included: its path, and whether it is a directory. */
export type Filter = (path: Uint8Array, isDirectory: boolean) => Verdict

type Rule = {
  verdict: Verdict
  onlyDirectories: boolean
  /** The pattern's components; null stands for any number of components, also none. */
  components: Array<Glob | null>
  /** The only component of a pattern that matches names at any depth; null for every other pattern. */
  nameGlob: Glob | null
}

const SLASH = 0x2f

/**
 * Compiles rules, each '- pattern' or '+ pattern'.
 * @throws UsageError for a rule that is neither, or a pattern that can match nothing or does not end
 */
export function compileFilters(rules: readonly string[]): Filter {
  const compiled = rules.flatMap(compileRule)
  return (path, isDirectory) => {
    if (path.length === 0) return 'included'
    const nameStart = path.lastIndexOf(SLASH) + 1
    for (const rule of compiled) {
      if (rule.onlyDirectories && !isDirectory) continue
      const matches =
        rule.nameGlob !== null
          ? matchesGlob(rule.nameGlob, path, nameStart, path.length)
          : matchesComponents(rule.components, path)
      if (matches) return rule.verdict
    }
    return 'included'
  }
}

/** What a header with all rules may have, but for what else is in it. */
const RULES_BYTES_MAX = Limits.frameBytesMax - Limits.pathBytesMax

/**
 * Rules that a header can keep, each of which can match something.
 * @throws UsageError where they are too many or too long (spec §7.1), or as compileFilters does
 */
export function checkFilters(rules: readonly string[]): void {
  const most = 'a stream keeps at most'
  if (rules.length > Limits.listMax) {
    throw new UsageError('filter', `there are ${rules.length} filter rules; ${most} ${Limits.listMax}`)
  }
  let total = 0
  for (const rule of rules) {
    const length = Buffer.byteLength(rule)
    if (length > Limits.textBytesMax) {
      throw new UsageError(
        'filter',
        `the rule '${rule.slice(0, 40)}...' has ${length} bytes; ${most} ${Limits.textBytesMax}`,
      )
    }
    total += length
  }
  if (total > RULES_BYTES_MAX) {
    throw new UsageError('filter', `all filter rules together have ${total} bytes; ${most} ${RULES_BYTES_MAX}`)
  }
  compileFilters(rules)
}

/** The verdict on a path of which nothing is known: excluded where it or a directory above it is. */
export function judgePath(filter: Filter, path: Uint8Array, isDirectory: boolean): Verdict {
  for (let slash = path.indexOf(SLASH); slash >= 0; slash = path.indexOf(SLASH, slash + 1)) {
    if (filter(path.subarray(0, slash), true) === 'excluded') return 'excluded'
  }
  return filter(path, isDirectory)
}

/** The rule of `--exclude PATTERN`. */
export function excludeRule(pattern: string): string {
  return `- ${pattern}`
}

/** The rule of `--include PATTERN`. */
export function includeRule(pattern: string): string {
  return `+ ${pattern}`
}

/**
 * The rules of a filter file, one a line: '- pattern', '+ pattern', or a pattern alone, which excludes. Empty lines and
 * lines that begin with '#' or ';' are passed over; a line may end in CR LF.
 * @throws UsageError for a line that begins with '!', which other programs give two meanings that are not ours
 */
export function parseFilterFile(text: string): string[] {
  const rules: string[] = []
  for (const [i, line] of text.split('\n').entries()) {
    const rule = line.endsWith('\r') ? line.slice(0, -1) : line
    if (rule === '' || rule.startsWith('#') || rule.startsWith(';')) continue
    if (rule.startsWith('!')) {
      throw new UsageError('filter', `line ${i + 1}: '!' has no meaning here; write '+ PATTERN', or '\\!' for a name`)
    }
    rules.push(isRule(rule) ? rule : excludeRule(rule))
  }
  return rules
}

function isRule(text: string): boolean {
  return text.startsWith('- ') || text.startsWith('+ ')
}

function compileRule(text: string): Rule[] {
  if (!isRule(text)) throw new UsageError('filter', `'${text}' is no rule; write '- PATTERN' or '+ PATTERN'`)
  const verdict = text.startsWith('-') ? 'excluded' : 'included'
  const pattern = text.slice(2)
  if (!pattern.endsWith('/***')) return [compilePattern(pattern, verdict)]
  const dir = pattern.slice(0, -'/***'.length)
  return [compilePattern(`${dir}/`, verdict), compilePattern(`${dir}/**`, verdict)]
}

function compilePattern(pattern: string, verdict: Verdict): Rule {
  const isAnchored = pattern.startsWith('/')
  const names = pattern.split('/').filter((name) => name !== '')
  if (names.length === 0 || pattern.includes('\0') || names.includes('.') || names.includes('..')) {
    throw new UsageError('filter', `no path can match '${pattern}': a path is made of names below the tree's root`)
  }
  const components = names.map((name) => (isAnyDepth(name) ? null : compileGlob(name)))
  // 'a/**' is everything below a, not a itself: at least one name must follow.
  if (components.at(-1) === null) components.push(compileGlob('*'))
  const nameGlob = !isAnchored && components.length === 1 ? components[0]! : null
  if (!isAnchored) components.unshift(null)
  return { verdict, onlyDirectories: pattern.endsWith('/'), components, nameGlob }
}

function isAnyDepth(name: string): boolean {
  return name.length >= 2 && /^\*+$/.test(name)
}

/** Where a match fails, the last run of any components takes one component more: earlier ones need never be tried again. */
function matchesComponents(components: ReadonlyArray<Glob | null>, path: Uint8Array): boolean {
  const count = components.length
  let c = 0
  let start = 0
  let runComponent = -1
  let runStart = 0
  while (start <= path.length) {
    const end = componentEnd(path, start)
    const glob = c < count ? components[c] : undefined
    if (glob === null) {
      runComponent = c++
      runStart = start
    } else if (glob !== undefined && matchesGlob(glob, path, start, end)) {
      c++
      start = end + 1
    } else {
      if (runComponent < 0) return false
      runStart = componentEnd(path, runStart) + 1
      start = runStart
      c = runComponent + 1
    }
  }
  return c === count
}

function componentEnd(path: Uint8Array, start: number): number {
  const slash = path.indexOf(SLASH, start)
  return slash < 0 ? path.length : slash
}
