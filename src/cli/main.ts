/** Runs a command as a program: arguments, signals, errors, exit status. */
import { runCleanups, watchCleanups } from '../base/cleanup.ts'
import { BugError } from '../base/errors.ts'
import { VERSION } from '../base/version.ts'
import { checkPlace } from '../host/stream/file-place.ts'
import { commandLine, endProcess, isDash, print, say } from '../host/stream/stdio.ts'
import { parseArguments, renderHelp } from './args.ts'
import type { Arguments, Command, FlagTable } from './command.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** What a failure leaves as it was, in a sentence, once the command line is known. */
let untouched = async (): Promise<string> => ''

/** Runs the command on this process's arguments and ends the process with its exit status. Never returns. */
export async function runCommand<F extends FlagTable>(command: Command<F>): Promise<never> {
  watchCleanups(catchSignals)
  process.on('unhandledRejection', (error) => void fail(command.name, error))
  process.on('uncaughtException', (error) => void fail(command.name, error))
  // A promise that nobody will ever keep would end the process with status 0.
  process.on('beforeExit', () => void fail(command.name, new BugError('the work stopped before its end')))
  try {
    endProcess(await runArguments(command))
  } catch (error) {
    return fail(command.name, error)
  }
}

async function runArguments<F extends FlagTable>(command: Command<F>): Promise<number> {
  const args = parseArguments(command, commandLine())
  if (args !== 'help' && args !== 'version') return runFlags(command, args)
  const text = args === 'version' ? `${command.name} ${VERSION}\n` : await renderHelp(command, screenWidth())
  print(text)
  return 0
}

async function runFlags<F extends FlagTable>(command: Command<F>, args: Arguments<F>): Promise<number> {
  const { output } = args.flags as { output?: Uint8Array | null }
  const said = command.untouched
  if (said !== null) untouched = () => said(args)
  else if (output != null) untouched = async () => (await import('./sentences.ts')).notWritten(output)
  // Whoever waited for hours would hear of it at the end.
  if (output != null && !isDash(output)) checkPlace(output)
  return command.run(args)
}

/**
 * Signals are caught only while there is something to clean up: a handler has to wait until the thread is free, which it is not
 * while a large file is hashed.
 */
function catchSignals(isNeeded: boolean): void {
  for (const signal of SIGNALS) {
    if (isNeeded) process.on(signal, stop)
    else process.off(signal, stop)
  }
}

/** Cleans up and dies of the signal, so that a shell sees it (status 130 or 143) and ends its own loop. */
function stop(signal: NodeJS.Signals): void {
  runCleanups()
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
}

/** Cleans up, says what went wrong and what was left as it was, and exits with the status for that kind of error. */
async function fail(name: string, error: unknown): Promise<never> {
  runCleanups()
  const { explain } = await import('./sentences.ts')
  const { text, status } = explain(name, error, await untouched())
  say(text)
  process.exit(status)
}

const WIDTH_MAX = 100

/** A terminal that does not say how wide it is has 0 columns. */
function screenWidth(): number {
  return Math.min(process.stdout.columns || WIDTH_MAX, WIDTH_MAX)
}
