/** Copies of corpora: exact ones, and one with a number of files changed. */
import { execFileSync } from 'node:child_process'
import { appendFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** A copy that keeps all times, so that a sync has nothing to do. */
export function copyTree(source: string, target: string): string {
  execFileSync('cp', ['-a', '--reflink=never', `${source}/.`, target])
  return 'exact copy'
}

/** A copy in which `changed` files, spread evenly, have a line more. */
export function editedCopy(source: string, target: string, changed: number): string {
  copyTree(source, target)
  const entries = readdirSync(target, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  paths.sort()
  for (let i = 0; i < changed; i++) appendFileSync(paths[Math.floor((i * paths.length) / changed)]!, `edit ${i}\n`)
  return `${changed} files changed`
}
