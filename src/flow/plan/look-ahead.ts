/**
 * Lets other threads look at the target ahead of the rows that are being compared with it. Items stay in order. A small stream
 * starts no thread and waits for nothing; of a large one some batches are taken in before the first of them goes on.
 */
import { BugError } from '../../base/errors.ts'
import { type Glance, Looker, type Places, placesOf } from '../../host/check/look.ts'
import { type Job, Pool } from '../../host/thread/threads.ts'
import type { Item } from '../../model/item.ts'
import type { PlanWorkerData } from './plan-worker.ts'

export type Glanced = { item: Item; glance: Glance | null }

export type LookAheadOptions = {
  /** Threads, this one among them. */
  threadCount: number
  /** Asked when there is enough to do for threads; null where there is nothing to look at. */
  place: () => PlanWorkerData | null
}

/** Rows before threads are started: fewer are seen before a thread has started. */
const ROWS_BEFORE_THREADS = 20_000
/** Batches that are taken in at a time at most. */
const WINDOW_BATCHES = 16
/** A thread is given as many at a time, and the next while it works. */
const JOB_BATCHES = 2

type Ahead = Glanced & { state: 'as it is' | 'waiting' | 'under way' }

/** The items, those with rows with what was seen for them; without it they are to be looked at as they come. */
export async function* lookAhead(items: AsyncIterable<Item>, options: LookAheadOptions): AsyncGenerator<Glanced> {
  const window: Ahead[] = []
  let rowCount = 0
  let watch: Watch | null = null
  try {
    for await (const item of items) {
      const ahead: Ahead = { item, glance: null, state: 'as it is' }
      window.push(ahead)
      if (item.kind === 'rows') {
        rowCount += item.batch.rowCount
        if (watch === null && options.threadCount > 1 && rowCount > ROWS_BEFORE_THREADS) watch = startWatch(options)
        watch?.add(ahead)
      }
      while (window.length > (watch === null ? 0 : WINDOW_BATCHES)) yield await settled(window.shift()!, watch)
    }
    while (window.length > 0) yield await settled(window.shift()!, watch)
  } finally {
    await watch?.close()
  }
}

async function settled(ahead: Ahead, watch: Watch | null): Promise<Glanced> {
  await watch?.settle(ahead)
  return ahead
}

function startWatch({ threadCount, place }: LookAheadOptions): Watch | null {
  const data = place()
  return data === null ? null : new Watch(data, threadCount - 1)
}

class Watch {
  readonly #waiting: Ahead[] = []
  readonly #pool: Pool
  readonly #looker: Looker

  constructor(data: PlanWorkerData, threadCountMax: number) {
    this.#pool = new Pool({ entry: 'plan-worker', threadCountMax, data })
    this.#pool.addSource({ hasJob: () => this.#waiting.length > 0, nextJob: () => this.#nextJob() })
    this.#looker = new Looker(data.rootFd, data.withXattrs, false)
  }

  add(ahead: Ahead): void {
    ahead.state = 'waiting'
    this.#waiting.push(ahead)
    this.#pool.poll()
    this.#pool.wake()
  }

  /** Returns when nobody is at work for the item any more. What no thread has begun is left to the one that asks. */
  async settle(ahead: Ahead): Promise<void> {
    this.#pool.poll()
    if (ahead.state === 'waiting') {
      this.#waiting.splice(this.#waiting.indexOf(ahead), 1)
      ahead.state = 'as it is'
    }
    while (ahead.state === 'under way') {
      // Rather than wait, do what is furthest from being begun.
      const other = this.#waiting.pop()
      if (other === undefined) await this.#pool.progress()
      else finish(other, this.#looker.glance(placesIn(other)))
      this.#pool.poll()
    }
  }

  close(): Promise<void> {
    this.#looker.close()
    return this.#pool.close()
  }

  #nextJob(): Job {
    const taken = this.#waiting.splice(0, JOB_BATCHES)
    for (const ahead of taken) ahead.state = 'under way'
    return {
      task: 'look',
      input: taken.map((ahead) => placesOf(placesIn(ahead))),
      onOutput() {},
      onDone(result: unknown) {
        for (const [k, glance] of (result as Glance[]).entries()) finish(taken[k]!, glance)
      },
      ahead: () => (this.#waiting.length > 0 ? this.#nextJob() : null),
    }
  }
}

function finish(ahead: Ahead, glance: Glance): void {
  ahead.glance = glance
  ahead.state = 'as it is'
}

function placesIn({ item }: Ahead): Places {
  if (item.kind !== 'rows') throw new BugError('only rows are looked at')
  return item.batch
}
