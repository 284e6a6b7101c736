/** A Linux source tree from Debian's packages; where there are none, what a large npm project installs. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Kitchen } from './corpora.ts'

/** The newest or the oldest version that the machine's package lists offer. Throws where they offer only one. */
export function sourceTree(folder: string, kitchen: Kitchen, age: 'newest' | 'oldest'): string {
  if (kitchen.scale < 1) return standIn(folder, kitchen, 'typescript', age)
  const name = packageName()
  if (name === null) return standIn(folder, kitchen, 'node-modules', age)
  const versions = versionsOf(name)
  if (age === 'oldest' && versions.length < 2) throw new Error(`the package lists offer one version of ${name} only`)
  const version = versions.at(age === 'newest' ? 0 : -1)!
  unpack(download(name, version, kitchen.downloads), folder)
  return `${name} ${version}`
}

function standIn(folder: string, kitchen: Kitchen, corpus: string, age: 'newest' | 'oldest'): string {
  const source = join(kitchen.folderOf(corpus), age === 'newest' ? 'new' : 'old')
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

/** Newest first. */
function versionsOf(name: string): string[] {
  const lines = execFileSync('apt-cache', ['madison', name], { encoding: 'utf8' }).trim().split('\n')
  return [...new Set(lines.map((line) => line.split('|')[1]!.trim()))]
}

function download(name: string, version: string, downloads: string): string {
  const isIt = (file: string) => file.startsWith(`${name}_${version.replaceAll(':', '%3a')}_`)
  const kept = () => readdirSync(downloads).find(isIt)
  if (kept() === undefined)
    execFileSync('apt-get', ['download', `${name}=${version}`], { cwd: downloads, stdio: 'pipe' })
  return join(downloads, kept()!)
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
