/**
 * A program that is run beside the work and reads lines from its standard input. It is started without a shell, in a session
 * of its own, so that it can be ended with all that it started. Neither a program that reads nothing nor one that never
 * ends keeps the work waiting beyond a limit.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { onInterrupt } from '../../base/cleanup.ts'
import { HostError, RefusedError } from '../../base/errors.ts'
import { escapeText } from '../../model/escape.ts'
import { libc } from '../native/libc.ts'
import { STDERR } from './stdio.ts'

export type Hook = {
  /**
   * Gives it text, as fast as it reads; one that has closed its input gets no more.
   * @throws HostError where it cannot be started; RefusedError `hook-failed`, `hook-timeout`
   */
  write(text: string): Promise<void>
  /** Closes its input and waits for its end. @throws the same */
  finish(): Promise<void>
  /** Ends it, if it has not ended. */
  abort(): void
}

export type HookOptions = {
  /** What it is called in messages. */
  what: string
  /** The program, sought in PATH where it has no slash, and its arguments. */
  argv: readonly string[]
  /** How long it may read nothing, and how long it may work after its input has ended. */
  limitSeconds: number
}

const SIGTERM = 15
const SIGKILL = 9
/** Between the request to end and the end. */
const GRACE_MILLISECONDS = 200

/** Starts the program. What it writes goes to standard error: standard output is for data. */
export function startHook({ what, argv, limitSeconds }: HookOptions): Hook {
  const [program, ...args] = argv as [string, ...string[]]
  const child = spawn(program, args, { stdio: ['pipe', STDERR, STDERR], detached: true })
  const stdin = child.stdin!
  let end: Error | 'right' | null = null
  // One that has closed its input has seen enough; whether it is content is told by its exit status.
  stdin.on('error', () => {})
  const ended = new Promise<void>((resolve) => {
    child.on('error', (error) => {
      end = new HostError((error as NodeJS.ErrnoException).code ?? 'EIO', 'execve', Buffer.from(program))
      resolve()
    })
    child.on('exit', (status, signal) => {
      end ??= status === 0 ? 'right' : failure(what, argv, status, signal)
      release()
      resolve()
    })
  })
  const release = onInterrupt(() => kill(child))

  function checkEnd(): void {
    if (end instanceof Error) throw end
  }

  async function within(events: readonly Promise<unknown>[]): Promise<void> {
    const limit = startTimer(limitSeconds * 1000)
    const isLate = await Promise.race([...events.map((event) => event.then(() => false)), limit.over])
    limit.stop()
    checkEnd()
    if (!isLate) return
    kill(child)
    await ended
    throw new RefusedError(
      'hook-timeout',
      `--${what}: ${shown(argv)} did not end within ${limitSeconds} s and was killed`,
    )
  }

  return {
    async write(text) {
      checkEnd()
      if (end !== null || !stdin.writable || stdin.write(text)) return
      await within([ended, roomIn(stdin)])
    },
    async finish() {
      stdin.end()
      await within([ended])
    },
    abort() {
      release()
      if (end === null) kill(child)
    },
  }
}

/** Resolves when more can be written, or nobody reads any more. */
function roomIn(stdin: NodeJS.EventEmitter): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      for (const event of ['drain', 'close']) stdin.off(event, done)
      resolve()
    }
    for (const event of ['drain', 'close']) stdin.on(event, done)
  })
}

function startTimer(milliseconds: number): { over: Promise<true>; stop: () => void } {
  let stop = (): void => {}
  const over = new Promise<true>((resolve) => {
    const timer = setTimeout(() => resolve(true), milliseconds)
    stop = () => clearTimeout(timer)
  })
  return { over, stop }
}

/** Asks the program and all that it started to end, then ends them. It may be that this process ends next: nothing is awaited. */
function kill({ pid }: ChildProcess): void {
  if (pid === undefined || libc.kill(-pid, SIGTERM) !== 0) return
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, GRACE_MILLISECONDS)
  libc.kill(-pid, SIGKILL)
}

function failure(what: string, argv: readonly string[], status: number | null, signal: string | null): RefusedError {
  const how = signal === null ? `ended with status ${status}` : `was ended by ${signal}`
  return new RefusedError('hook-failed', `--${what}: ${shown(argv)} ${how}`)
}

function shown(argv: readonly string[]): string {
  return escapeText(argv.join(' '))
}
