/** What npm installs for a project, before and after a routine update: the same on every machine. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { copyTree } from './copies.ts'
import { npm } from './npm.ts'

/** A web application's packages; those with two versions are updated, the others stay as they are. */
const packages: readonly (readonly [name: string, old: string, fresh?: string])[] = [
  ['next', '15.5.3', '15.5.4'],
  ['react', '19.1.1'],
  ['react-dom', '19.1.1'],
  ['@mui/material', '7.3.1', '7.3.2'],
  ['@mui/icons-material', '7.3.1'],
  ['@emotion/react', '11.14.0'],
  ['@emotion/styled', '11.14.1'],
  ['date-fns', '4.1.0'],
  ['rxjs', '7.8.2'],
  ['lodash', '4.17.21'],
  ['webpack', '5.101.2', '5.101.3'],
  ['vite', '7.1.5', '7.1.6'],
  ['typescript', '5.9.2', '5.9.3'],
  ['eslint', '9.35.0', '9.36.0'],
  ['prettier', '3.6.1', '3.6.2'],
  ['jest', '30.1.2', '30.1.3'],
  ['@babel/preset-env', '7.28.0', '7.28.3'],
]

/** What these depend on is resolved as of this day. */
const RESOLVED = '2025-10-15'
const OLD_TIME = '2025-10-20T10:00:00Z'
const NEW_TIME = '2025-10-21T10:00:00Z'

/**
 * Installs the older versions into `old` and updates a copy of it to the newer ones in `new`. Packages for one platform are
 * left out. npm gives each file that it writes the time at which it does; here all that were written
 * by the same install get one time instead.
 */
export function nodeModulesPair(folder: string): string {
  const [old, fresh] = [join(folder, 'old'), join(folder, 'new')]
  mkdirSync(old)
  install(old, ([name, version]) => [name, version])
  setTimes(old, OLD_TIME, [])
  execFileSync('cp', ['-a', old, fresh])
  install(fresh, ([name, before, after = before]) => [name, after])
  setTimes(fresh, NEW_TIME, ['-newermt', OLD_TIME])
  const updated = packages.filter(([, , after]) => after !== undefined)
  return `${packages.length} packages and what they depend on, ${updated.length} of them updated`
}

/** The tree as an installation from scratch leaves it whose times are set to that of the release, as images are built. */
export function releaseOf(tree: string, folder: string): string {
  copyTree(tree, folder)
  setTimes(folder, NEW_TIME, [])
  return `every time is ${NEW_TIME}`
}

type Pinned = (words: (typeof packages)[number]) => [name: string, version: string]

function install(folder: string, pinned: Pinned): void {
  const project = {
    name: 'corpus',
    version: '1.0.0',
    private: true,
    dependencies: Object.fromEntries(packages.map(pinned)),
  }
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(project, null, 2)}\n`)
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--omit-lockfile-registry-resolved']
  npm(folder, ['install', ...quiet, '--omit=optional', `--before=${RESOLVED}`])
}

function setTimes(folder: string, time: string, which: readonly string[]): void {
  execFileSync('find', [folder, ...which, '-exec', 'touch', '-h', '-d', time, '{}', '+'])
}
