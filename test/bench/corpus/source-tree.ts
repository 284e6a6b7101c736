/** A Linux source tree from Debian's packages; where there are none, what a large npm project installs. */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Kitchen } from './corpora.ts'

/** Versions of one package, so that figures of two machines are of the same bytes. */
const pinned = { name: 'linux-source-6.1', old: '6.1.170-3', new: '6.1.192-2' }

/**
 * The pinned version; where the machine's package lists lack one of the two, the newest or the oldest that they offer.
 * Throws where they offer only one.
 */
export function sourceTree(folder: string, kitchen: Kitchen, age: 'old' | 'new'): string {
  if (kitchen.scale < 1) return standIn(folder, kitchen, 'typescript', age)
  const { name, version } = chooseVersion(kitchen.downloads, age) ?? {}
  if (name === undefined || version === undefined) return standIn(folder, kitchen, 'node-modules', age)
  unpack(download(name, version, kitchen.downloads), folder)
  return `${name} ${version}`
}

/** Null where Debian has no such package. */
function chooseVersion(downloads: string, age: 'old' | 'new'): { name: string; version: string } | null {
  const offered = versionsOf(pinned.name)
  const both = [pinned.old, pinned.new]
  if (both.every((version) => offered.includes(version) || downloaded(pinned.name, version, downloads) !== undefined)) {
    return { name: pinned.name, version: pinned[age] }
  }
  const name = packageName()
  if (name === null) return null
  const versions = versionsOf(name)
  if (age === 'old' && versions.length < 2) throw new Error(`the package lists offer one version of ${name} only`)
  return { name, version: versions.at(age === 'new' ? 0 : -1)! }
}

function standIn(folder: string, kitchen: Kitchen, corpus: string, age: 'old' | 'new'): string {
  const source = join(kitchen.folderOf(corpus), age)
  execFileSync('cp', ['-a', `${source}/.`, folder])
  return `${corpus} in its place`
}

/** The package that Debian's `linux-source` stands for; null where there is none. */
function packageName(): string | null {
  try {
    const text = execFileSync('apt-cache', ['depends', 'linux-source'], { encoding: 'utf8', stdio: 'pipe' })
    return /Depends: (linux-source-[\d.]+)/.exec(text)?.[1] ?? null
  } catch {
    return null
  }
}

/** Newest first; none where there is no such package, or no apt. */
function versionsOf(name: string): string[] {
  const { stdout } = spawnSync('apt-cache', ['madison', name], { encoding: 'utf8' })
  const lines = (stdout ?? '').trim().split('\n')
  return [...new Set(lines.flatMap((line) => line.split('|')[1]?.trim() ?? []))]
}

function download(name: string, version: string, downloads: string): string {
  if (downloaded(name, version, downloads) === undefined)
    execFileSync('apt-get', ['download', `${name}=${version}`], { cwd: downloads, stdio: 'pipe' })
  return join(downloads, downloaded(name, version, downloads)!)
}

function downloaded(name: string, version: string, downloads: string): string | undefined {
  return readdirSync(downloads).find((file) => file.startsWith(`${name}_${version.replaceAll(':', '%3a')}_`))
}

/** The package holds one archive of the sources. */
function unpack(archive: string, folder: string): void {
  const inner = `${folder}.deb-contents`
  mkdirSync(inner)
  try {
    execFileSync('dpkg-deb', ['-x', archive, inner])
    const sources = join(inner, 'usr', 'src')
    const tar = readdirSync(sources).find((file) => file.endsWith('.tar.xz'))
    if (tar === undefined || !existsSync(sources)) throw new Error(`${archive} holds no archive of sources`)
    execFileSync('tar', ['xJf', join(sources, tar), '--no-same-owner', '--strip-components=1', '-C', folder])
  } finally {
    rmSync(inner, { recursive: true })
  }
}
