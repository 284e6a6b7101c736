/** The flags of a scan, for every command that scans a directory. */
import { availableParallelism } from 'node:os'
import type { Monitor } from '../base/monitor.ts'
import { TOOL } from '../base/version.ts'
import type { ScanOptions } from '../flow/scan/scan.ts'
import { readBytes } from '../host/stream/stdio.ts'
import { excludeRule, includeRule, parseFilterFile } from '../tree/filter.ts'
import type { Arguments, FlagTable, Rule } from './command.ts'

export const scanFlags = {
  exclude: { kind: 'rule', value: 'PATTERN', help: 'leave out what matches; the first rule that matches decides' },
  include: { kind: 'rule', value: 'PATTERN', help: 'keep what matches, whatever later rules say' },
  'exclude-from': {
    kind: 'rule',
    value: 'FILE',
    help: 'rules from FILE, one a line: PATTERN, `- PATTERN`, `+ PATTERN`',
  },
  'one-file-system': { kind: 'switch', short: 'x', help: 'do not enter mount points' },
  'no-xattrs': { kind: 'switch', help: 'do not read extended attributes, ACLs among them' },
  threads: {
    kind: 'number',
    value: 'N',
    min: 1,
    max: 64,
    help: 'threads for large trees (the number of processors, at most 8); 1 starts none',
  },
} as const satisfies FlagTable

const THREADS_MAX = 8

/** What the flags above say, complete. */
export async function scanOptions(
  { flags, rules }: Pick<Arguments<typeof scanFlags>, 'flags' | 'rules'>,
  options: Pick<ScanOptions, 'root' | 'digest' | 'level' | 'comment'> & { monitor: Monitor },
): Promise<ScanOptions> {
  return {
    ...options,
    chunks: false,
    oneFileSystem: flags['one-file-system'],
    xattrs: !flags['no-xattrs'],
    reuse: null,
    filters: await filterRules(rules),
    outputFile: null,
    threadCount: flags.threads ?? Math.min(availableParallelism(), THREADS_MAX),
    tool: TOOL,
  }
}

async function filterRules(rules: readonly Rule[]): Promise<string[]> {
  const filters: string[] = []
  for (const { flag, value } of rules) {
    if (flag === 'exclude') filters.push(excludeRule(value))
    else if (flag === 'include') filters.push(includeRule(value))
    else filters.push(...parseFilterFile(await readText(Buffer.from(value))))
  }
  return filters
}

async function readText(path: Uint8Array): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of readBytes(path)) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}
