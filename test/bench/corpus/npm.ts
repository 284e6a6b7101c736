/** Pairs of versions from the npm registry, through npm itself. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'

export type PackagePair = { name: string; old: string; new: string }

/** Unpacks both versions into `old` and `new`, with the fixed times that the registry's archives carry. */
export function npmPair(folder: string, downloads: string, words: PackagePair): string {
  for (const age of ['old', 'new'] as const) {
    const archive = pack(`${words.name}@${words[age]}`, downloads)
    mkdirSync(join(folder, age))
    execFileSync('tar', ['xzf', archive, '--no-same-owner', '--strip-components=1', '-C', join(folder, age)])
  }
  return `${words.name} ${words.old} -> ${words.new}`
}

function pack(spec: string, downloads: string): string {
  const kept = join(downloads, `${spec.replaceAll(/[@/]+/g, '-').replace(/^-/, '')}.tgz`)
  if (!existsSync(kept)) {
    const name = npm(downloads, ['pack', '--silent', spec]).trim().split('\n').at(-1)!
    renameSync(join(downloads, name), kept)
  }
  return kept
}

export function npm(cwd: string, args: readonly string[]): string {
  return execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}
