/** Which programs there are to run: our commands with their flags, and the peers with their versions. */
import { execFileSync } from 'node:child_process'
import { accessSync, constants, existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { firstLine } from './machine.ts'

/** How each peer says its version; mtree does not. */
const versionArgs: Readonly<Record<string, readonly string[]>> = {
  find: ['--version'],
  rsync: ['--version'],
  tar: ['--version'],
  cp: ['--version'],
  mtree: [],
  casync: ['--version'],
  restic: ['version'],
  borg: ['--version'],
  xdelta3: ['-V'],
  zstd: ['--version'],
  git: ['--version'],
  b3sum: ['--version'],
  sha256sum: ['--version'],
  strace: ['-V'],
}

const peers = Object.keys(versionArgs)

export class Programs {
  /** Folder with links to our commands, to be put before PATH, as `npm i -g` would. */
  readonly binFolder: string
  readonly #root: string
  readonly #answers = new Map<string, string>()

  constructor(root: string, cacheFolder: string) {
    this.#root = root
    this.binFolder = join(cacheFolder, 'bin')
    rmSync(this.binFolder, { recursive: true, force: true })
    mkdirSync(this.binFolder, { recursive: true })
    for (const name of commands) symlinkSync(join(root, 'bin', `${name}.cjs`), join(this.binFolder, name))
  }

  /** Why a word of `needs` is not there; empty where it is. */
  lacks(need: string): string {
    const answer = this.#answers.get(need) ?? this.#find(need)
    this.#answers.set(need, answer)
    return answer
  }

  #find(need: string): string {
    const [name = '', ...flags] = need.split(' ')
    if (name === 'root') return process.getuid?.() === 0 ? '' : 'needs root'
    if (name === 'tmpfs') return existsSync('/dev/shm') ? '' : 'needs a tmpfs at /dev/shm'
    if (!commands.includes(name)) return onPath(name) ? '' : `${name} is not installed`
    if (!existsSync(join(this.#root, 'dist', `${name}.js`))) return `${name} is not there yet`
    const help = flags.length > 0 ? this.#help(name) : ''
    const missing = flags.filter((flag) => !new RegExp(`(?<![\\w-])${flag}(?![\\w-])`).test(help))
    return missing.length === 0 ? '' : `${name} ${missing.join(' ')} is not there yet`
  }

  #help(name: string): string {
    try {
      return execFileSync(process.execPath, [join(this.#root, 'bin', `${name}.cjs`), '--help'], { encoding: 'utf8' })
    } catch {
      return ''
    }
  }
}

const commands = ['fsscan', 'fsdiff', 'fspack', 'fsplan', 'fsapply', 'fsinvert', 'fsshow', 'fsmake']

/** Version of each peer; null where it is not installed. */
export function peerVersions(): Record<string, string | null> {
  return Object.fromEntries(peers.map((name) => [name, onPath(name) ? versionOf(name) : null]))
}

function versionOf(name: string): string {
  const args = versionArgs[name]!
  const line = args.length === 0 ? '' : firstLine(name, args)
  return /\d+(?:\.\d+)+/.exec(line)?.[0] ?? /\d+$/.exec(line)?.[0] ?? 'unknown'
}

function onPath(name: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => isExecutable(join(folder, name)))
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
