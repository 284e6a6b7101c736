/** The thread's side of a pool (threads.ts): the program of a worker calls `serve` once. */
import { workerData } from 'node:worker_threads'
import { HostError } from '../../base/errors.ts'
import {
  buffersOf,
  CREDITS,
  type FromThread,
  STOP,
  type ThreadData,
  type ThreadError,
  type ToThread,
} from './thread-messages.ts'

/** Sends a value to the job's owner; waits where too many are under way. Buffers that the value holds whole are given away. */
export type Emit = (value: unknown) => void

/** Does one job to its end. What it throws fails the pool. */
export type Handler = (input: unknown, emit: Emit) => unknown

export type Program = {
  handlers: Record<string, Handler>
  /** Called once at the end. */
  close(): void
}

/** Thrown by `emit` when the pool is closing, so that handlers end and release what they hold. */
class Stopped extends Error {}

/** Starts the program with the pool's data and works until the pool is closed. */
export function serve(start: (data: unknown) => Program): void {
  const { port, control, data } = workerData as ThreadData
  const program = start(data)
  const send = (message: FromThread): void => port.postMessage(message, buffersOf(message))

  function emit(value: unknown): void {
    while (Atomics.load(control, CREDITS) <= 0 && Atomics.load(control, STOP) === 0) Atomics.wait(control, CREDITS, 0)
    if (Atomics.load(control, STOP) !== 0) throw new Stopped()
    Atomics.sub(control, CREDITS, 1)
    send({ kind: 'output', value })
  }

  port.on('message', (message: ToThread) => {
    if (message.kind === 'close') {
      program.close()
      port.close()
      return
    }
    if (Atomics.load(control, STOP) !== 0) return
    try {
      send({ kind: 'done', result: program.handlers[message.task]!(message.input, emit) })
    } catch (error) {
      if (!(error instanceof Stopped)) send({ kind: 'failed', error: crossing(error) })
    }
  })
  send({ kind: 'ready' })
}

function crossing(error: unknown): ThreadError {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  if (error instanceof HostError) return { code: error.code, call: error.call, path: error.path, text }
  return { code: null, call: '', path: new Uint8Array(0), text }
}
