/** Runs command lines with the built commands on PATH. */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const bin = fileURLToPath(new URL('../../node_modules/.bin', import.meta.url))

/** The environment of a command: English, a fixed time zone, the built commands. */
export const environment = {
  PATH: `${bin}:${process.env['PATH']}`,
  LC_ALL: 'C.UTF-8',
  TZ: 'UTC',
  HOME: process.env['HOME'],
}

export type Outcome = { stdout: string; stderr: string; status: number | null; signal: NodeJS.Signals | null }

/** Starts a line of bash, with pipefail, in `cwd`; standard input is empty. */
export function startLine(line: string, cwd: string): ChildProcess {
  return spawn('bash', ['-o', 'pipefail', '-c', `umask 022\n${line}`], {
    cwd,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

/** Runs a line of bash to its end. */
export function runLine(line: string, cwd: string): Promise<Outcome> {
  return finish(startLine(line, cwd))
}

/** What a started process wrote, and how it ended. */
export function finish(child: ChildProcess): Promise<Outcome> {
  const chunks: { stdout: Buffer[]; stderr: Buffer[] } = { stdout: [], stderr: [] }
  child.stdout?.on('data', (chunk: Buffer) => chunks.stdout.push(chunk))
  child.stderr?.on('data', (chunk: Buffer) => chunks.stderr.push(chunk))
  const text = (pieces: Buffer[]) => Buffer.concat(pieces).toString('utf8')
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status, signal) => {
      resolve({ stdout: text(chunks.stdout), stderr: text(chunks.stderr), status, signal })
    })
  })
}
