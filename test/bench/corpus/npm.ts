/** Pairs of versions from the npm registry, through npm itself. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
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

/** What a project of a web framework, bundlers, a test runner and a linter asks for. */
const wanted = ['next', 'react', 'react-dom', 'webpack', 'vite', 'typescript', 'eslint', 'jest', '@babel/preset-env']

/** Installs the newest versions of one day into `old` and those of a later day into `new`, on a copy of the first. */
export function nodeModulesPair(folder: string, before: string, after: string): string {
  const [old, fresh] = [join(folder, 'old'), join(folder, 'new')]
  mkdirSync(old)
  writeFileSync(join(old, 'package.json'), '{ "name": "corpus", "version": "1.0.0", "private": true }\n')
  const install = (at: string, date: string) =>
    npm(at, ['install', '--ignore-scripts', '--no-audit', '--no-fund', `--before=${date}`, ...wanted])
  install(old, before)
  execFileSync('cp', ['-a', old, fresh])
  install(fresh, after)
  return `${wanted.length} packages of ${before} -> ${after}`
}

function npm(cwd: string, args: readonly string[]): string {
  return execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}
