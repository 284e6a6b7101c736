/**
 * A pool of worker threads. Whenever a thread is free the pool asks its sources, in the order of their priority, for the next
 * job, so that what is most urgent is decided as late as possible; only a job that says so itself has another one wait behind it, so
 * that short jobs leave no gaps. Only typed arrays cross in bulk: buffers are handed over, not copied. A thread may have a few
 * outputs under way (`CREDITS`); then it waits until one is released.
 */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { MessagePort, Worker } from 'node:worker_threads'
import { BugError, HostError } from '../../base/errors.ts'
import { workerThreads } from '../native/late.ts'
import {
  buffersOf,
  CREDITS,
  type FromThread,
  STOP,
  type ThreadData,
  type ThreadError,
  type ToThread,
} from './thread-messages.ts'

export type Job = {
  /** Name of the handler in the worker's program. */
  task: string
  /** Structured-cloneable; buffers that it holds whole are handed over and unusable here afterwards. */
  input: unknown
  /** Gets what the handler emits. `release` lets the thread emit one more; call it once, at once or when memory allows. */
  onOutput(value: unknown, release: () => void): void
  /** Gets what the handler returned. */
  onDone(result: unknown): void
  /**
   * A job that may wait behind this one in its thread, once no thread is free; null where there is none.
   * ORDER: nobody may need anything of it before this one is done, for this one may wait to be let go on meanwhile.
   */
  ahead(): Job | null
}

/** Whoever has jobs. Both are asked at the last moment, when a thread is free. */
export type Source = { hasJob(): boolean; nextJob(): Job }

export type PoolOptions = {
  /** File in dist without its extension; its program calls `serve` (thread-side.ts). */
  entry: string
  threadCountMax: number
  /** What every thread gets when it starts: structured-cloneable. */
  data: unknown
}

type Thread = {
  worker: Worker
  port: MessagePort
  control: Int32Array
  /** The job that it does, and one that waits behind it. */
  jobs: Job[]
  isReady: boolean
  hasEnded: Promise<void>
}

/** Outputs that a thread may have under way. */
const CREDIT_COUNT = 6
/** Threads that start at a time, so that a machine of many cores does not start them all for the work of a few. */
const STARTING_MAX = 2
/** Milliseconds that a thread is given to end by itself; a large file may take it longer. */
const CLOSE_MILLISECONDS = 500
/** Megabytes of young objects a thread: what it makes is mostly handed over, so little suffices. */
const YOUNG_MEGABYTES = 4

/** What those who have jobs use of a pool. */
export type Threads = Pick<Pool, 'addSource' | 'wake' | 'poll' | 'progress'>

/** Threads start when there are jobs for them. */
export class Pool {
  readonly #options: PoolOptions
  readonly #threads: Thread[] = []
  readonly #sources: Source[] = []
  #waiting: Array<{ resolve: () => void; reject: (error: unknown) => void }> = []
  #failure: unknown = null

  constructor(options: PoolOptions) {
    this.#options = options
  }

  /** Adds a source that is asked after those before it. */
  addSource(source: Source): void {
    this.#sources.push(source)
  }

  /** Resolves when something was handled. @throws what went wrong in a thread */
  progress(): Promise<void> {
    if (this.#failure !== null) return Promise.reject(this.#failure)
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  /** Asks for jobs as long as threads are free; starts threads. Call it whenever a source may have a job again. */
  wake(): void {
    if (this.#failure !== null) return
    for (const thread of this.#threads) {
      if (!thread.isReady || thread.jobs.length > 0) continue
      const source = this.#sources.find((candidate) => candidate.hasJob())
      if (source === undefined) break
      this.#assign(thread, source.nextJob())
    }
    for (const thread of this.#threads) {
      const next = thread.jobs.length === 1 ? thread.jobs[0]!.ahead() : null
      if (next !== null) this.#assign(thread, next)
    }
    // Who takes the job is decided when the new thread is ready; until then the main thread may have done it.
    const startingCount = this.#threads.reduce((count, { isReady }) => count + (isReady ? 0 : 1), 0)
    if (
      this.#threads.length < this.#options.threadCountMax &&
      startingCount < STARTING_MAX &&
      this.#sources.some((s) => s.hasJob())
    ) {
      this.#threads.push(this.#start())
    }
  }

  #assign(thread: Thread, job: Job): void {
    thread.jobs.push(job)
    send(thread, { kind: 'job', task: job.task, input: job.input })
  }

  #start(): Thread {
    const { MessageChannel, Worker } = workerThreads()
    const { port1, port2 } = new MessageChannel()
    const control = new Int32Array(new SharedArrayBuffer(8))
    control[CREDITS] = CREDIT_COUNT
    const data: ThreadData = { port: port2, control, data: this.#options.data }
    const worker = new Worker(entryPath(this.#options.entry), {
      workerData: data,
      transferList: [port2],
      execArgv: [],
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MEGABYTES },
    })
    const hasEnded = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
    const thread: Thread = { worker, port: port1, control, jobs: [], isReady: false, hasEnded }
    port1.on('message', (message: FromThread) => {
      this.#handle(thread, message)
      this.#settle()
    })
    worker.on('error', (error) => this.#fail(error))
    worker.on('exit', (code) => {
      if (code !== 0 && this.#failure === null) this.#fail(new BugError(`a thread ended with exit code ${code}`))
    })
    return thread
  }

  #handle(thread: Thread, message: FromThread): void {
    switch (message.kind) {
      case 'ready':
        thread.isReady = true
        this.wake()
        break
      case 'output':
        thread.jobs[0]?.onOutput(message.value, () => give(thread, CREDITS))
        break
      case 'done':
        thread.jobs.shift()?.onDone(message.result)
        this.wake()
        break
      case 'failed':
        thread.jobs.shift()
        this.#fail(errorOf(message.error))
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= error
    this.#settle()
  }

  #settle(): void {
    const all = this.#waiting
    this.#waiting = []
    for (const { resolve, reject } of all) this.#failure === null ? resolve() : reject(this.#failure)
  }

  /** Handles what the threads have sent, without waiting. */
  poll(): void {
    for (const thread of this.#threads) {
      for (;;) {
        const received = workerThreads().receiveMessageOnPort(thread.port) as { message: FromThread } | undefined
        if (received === undefined) break
        this.#handle(thread, received.message)
      }
    }
    if (this.#failure !== null) throw this.#failure
  }

  /** Stops the threads at their next output and waits until they have ended. */
  async close(): Promise<void> {
    this.#failure ??= new BugError('the pool was closed')
    if (this.#threads.length === 0) return
    for (const thread of this.#threads) {
      give(thread, STOP)
      Atomics.notify(thread.control, CREDITS)
      send(thread, { kind: 'close' })
    }
    const timer = setTimeout(() => {
      for (const { worker } of this.#threads) void worker.terminate()
    }, CLOSE_MILLISECONDS)
    await Promise.all(this.#threads.map(({ hasEnded }) => hasEnded))
    clearTimeout(timer)
    for (const { port } of this.#threads) port.close()
  }
}

function give(thread: Thread, field: number): void {
  Atomics.add(thread.control, field, 1)
  Atomics.notify(thread.control, field)
}

function send(thread: Thread, message: ToThread): void {
  thread.port.postMessage(message, buffersOf(message))
}

function errorOf({ code, call, path, text }: ThreadError): Error {
  return code === null ? new BugError(text) : new HostError(code, call, path)
}

/** A worker's program lies beside this module once that is built, in dist otherwise. */
function entryPath(entry: string): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    const file = [join(folder, `${entry}.js`), join(folder, 'dist', `${entry}.js`)].find((path) => existsSync(path))
    if (file !== undefined) return file
    if (folder === dirname(folder)) throw new BugError(`${entry}.js is not built`)
  }
}
