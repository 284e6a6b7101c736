/** What the figures were measured on. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import os from 'node:os'
import { join } from 'node:path'

export type Machine = {
  cpu: string
  cores: number
  memoryBytes: number
  kernel: string
  /** Filesystem of the cache folder, where the trees are. */
  filesystem: string
  /** Load of the last minute when the run began: figures of a busy machine say little. */
  load: number
}

export function describeMachine(folder: string): Machine {
  return {
    cpu: os.cpus()[0]?.model ?? 'unknown',
    cores: os.availableParallelism(),
    memoryBytes: os.totalmem(),
    kernel: `${os.type()} ${os.release()}`,
    filesystem: lastLine('df', ['--output=fstype', folder]),
    load: Math.round(os.loadavg()[0]! * 100) / 100,
  }
}

/** Version of our package with the commit it was built from, where the folder is a clone. */
export function ourVersion(root: string): string {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  const commit = firstLine('git', ['-C', root, 'describe', '--always', '--dirty'])
  return !/^[\w.-]+$/.test(commit) ? version : `${version} (${commit})`
}

/** Whether a source is younger than what the commands are built into. */
export function isStale(root: string): boolean {
  const built = join(root, 'dist', 'fsscan.js')
  if (!existsSync(built)) return true
  const newer = firstLine('find', [join(root, 'src'), '-newer', built, '-name', '*.ts', '-print', '-quit'])
  return newer !== '' && statSync(built).isFile()
}

/** First line that a program prints, on either stream; empty where it cannot be run. */
export function firstLine(program: string, args: readonly string[]): string {
  return linesOf(program, args)[0]!
}

function lastLine(program: string, args: readonly string[]): string {
  return linesOf(program, args).at(-1)!
}

function linesOf(program: string, args: readonly string[]): string[] {
  const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  return `${stdout || stderr || ''}`.trim().split('\n')
}
