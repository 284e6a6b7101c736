/**
 * Small trees for command tests, written as lines of `PATH [MODE] [WHAT]`:
 *
 *     src/                    a directory
 *     src/a     0640 = hello  a file and its content, with \n and \xff as escapes
 *     src/l     -> a          a symbolic link
 *     src/h     == src/a      a hard link to a path above
 *     src/p     |             a named pipe
 *
 * Every entry gets the same mtime, directories last; modes are 0755 and 0644 where none is given.
 */
import { execFileSync } from 'node:child_process'
import { chmodSync, linkSync, lutimesSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const MTIME_SEC = Date.UTC(2020, 0, 2, 3, 4, 5) / 1000

export function makeCaseTree(root: string, text: string): void {
  const paths: string[] = []
  for (const line of text.split('\n')) {
    const match = /^(\S+)(?: +(0[0-7]{3,4}))?(?: +(->|==|=|\|) ?(.*))?$/.exec(line)
    if (line === '' || line.startsWith('#')) continue
    if (match === null) throw new Error(`no line of a tree: ${line}`)
    const path = join(root, match[1]!)
    makeEntry(root, path, match[1]!.endsWith('/') ? '/' : (match[3] ?? '='), match[4] ?? '')
    if (match[2] !== undefined) chmodSync(path, Number.parseInt(match[2], 8))
    paths.push(path)
  }
  for (const path of paths.reverse()) lutimesSync(path, MTIME_SEC, MTIME_SEC)
}

function makeEntry(root: string, path: string, what: string, argument: string): void {
  if (what === '/') mkdirSync(path, { mode: 0o755 })
  else if (what === '->') symlinkSync(argument, path)
  else if (what === '==') linkSync(join(root, argument), path)
  else if (what === '|') execFileSync('mkfifo', ['-m', '0644', path])
  else writeFileSync(path, unescapeText(argument), { mode: 0o644 })
}

function unescapeText(text: string): Buffer {
  const bytes = text.replaceAll(/\\(n|x([0-9a-f]{2}))/g, (_, word, hex) =>
    word === 'n' ? '\n' : String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return Buffer.from(bytes, 'latin1')
}
