/** The flags of a scan, for every command that scans a directory. */
import { isUtf8 } from 'node:buffer'
import { availableParallelism } from 'node:os'
import { Limits } from '../base/constants.ts'
import { UsageError } from '../base/errors.ts'
import type { Monitor } from '../base/monitor.ts'
import { TOOL } from '../base/version.ts'
import type { ScanOptions } from '../flow/scan/scan.ts'
import { readBytes } from '../host/stream/stdio.ts'
import { quotePath } from '../model/escape.ts'
import { checkFilters, excludeRule, includeRule, parseFilterFile } from '../tree/filter.ts'
import type { FlagTable, FlagValues, Rule } from './command.ts'
import { textOf } from './text.ts'

export const scanFlags = {
  exclude: { kind: 'rule', value: 'PATTERN', help: 'leave out what matches; the first rule that matches decides' },
  include: { kind: 'rule', value: 'PATTERN', help: 'keep what matches, whatever later rules say' },
  'exclude-from': {
    kind: 'rule',
    value: 'FILE',
    help: 'rules from FILE, one a line: PATTERN, `- PATTERN`, `+ PATTERN`',
  },
  'one-file-system': { kind: 'switch', short: 'x', help: 'do not enter mount points' },
  'no-xattrs': { kind: 'switch', help: 'do not read extended attributes, ACLs among them; a target keeps its own' },
  threads: {
    kind: 'number',
    value: 'N',
    min: 1,
    max: 64,
    help: 'threads for large trees (the number of processors, at most 8); 1 starts none',
  },
} as const satisfies FlagTable

const THREADS_MAX = 8

/** What the flags above say, complete; `filters` are those of readFilters. */
export function scanOptions(
  flags: Pick<FlagValues<typeof scanFlags>, 'one-file-system' | 'no-xattrs' | 'threads'>,
  filters: string[],
  options: Pick<ScanOptions, 'root' | 'digest' | 'level' | 'comment'> & { monitor: Monitor },
): ScanOptions {
  return {
    ...options,
    chunks: false,
    oneFileSystem: flags['one-file-system'],
    xattrs: !flags['no-xattrs'],
    reuse: null,
    filters,
    outputFile: null,
    threadCount: flags.threads ?? Math.min(availableParallelism(), THREADS_MAX),
    tool: TOOL,
  }
}

/**
 * The rules of all flags, in the order they were given. Files are read once, before anything else is.
 * @throws UsageError where a header could not keep them, or one can match nothing; HostError
 */
export async function readFilters(rules: readonly Rule[]): Promise<string[]> {
  const filters: string[] = []
  for (const { flag, value } of rules) {
    if (flag === 'exclude') filters.push(excludeRule(textOf(flag, value)))
    else if (flag === 'include') filters.push(includeRule(textOf(flag, value)))
    else for (const rule of await readFilterFile(value)) filters.push(rule)
  }
  checkFilters(filters)
  return filters
}

const FILE_BYTES_MAX = Limits.frameBytesMax

async function readFilterFile(path: Uint8Array): Promise<string[]> {
  const fail = (what: string): never => {
    throw new UsageError('exclude-from', `${quotePath(path)}: ${what}`)
  }
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of readBytes(path)) {
    length += chunk.length
    if (length > FILE_BYTES_MAX) fail(`a file of filter rules has at most ${FILE_BYTES_MAX} bytes`)
    chunks.push(chunk)
  }
  const bytes = Buffer.concat(chunks)
  if (!isUtf8(bytes)) fail(`line ${lineOfOtherText(bytes)} is no text in UTF-8, as filter rules are`)
  try {
    return parseFilterFile(bytes.toString('utf8'))
  } catch (error) {
    return error instanceof UsageError ? fail(error.message) : Promise.reject(error)
  }
}

function lineOfOtherText(bytes: Buffer): number {
  let line = 1
  for (let start = 0, end = bytes.indexOf(NEWLINE); end >= 0; start = end + 1, end = bytes.indexOf(NEWLINE, start)) {
    if (!isUtf8(bytes.subarray(start, end))) break
    line++
  }
  return line
}

const NEWLINE = 0x0a
