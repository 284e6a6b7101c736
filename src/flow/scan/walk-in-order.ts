/**
 * A walk shared out among threads whose pieces come in row order all the same. The tree is a list of segments in that order:
 * directories still to be walked, or the pieces of those that are being walked. A thread that is free takes the first
 * directories that nobody has; it gives back those that are left once it has met enough rows, and they take its place in the list.
 * This thread takes its share too whenever it would have to wait, and walks a small tree all by itself.
 */
import type { Job, Source, Threads } from '../../host/thread/threads.ts'
import { type Pending, pendingRoot, type Walker } from '../../host/walk/walk.ts'
import { type BytesColumn, startOf } from '../../model/bytes-column.ts'
import type { Piece } from '../../model/piece.ts'

/** What the `walk` handler of the scan's worker gets. It emits pieces and returns what is still pending. */
export type WalkInput = { pending: Pending[]; rowCountMax: number }

/** How much whoever walks gets at a time. The pieces are the same rows whatever these are. */
export type Shares = {
  /** Threads that walk, this one among them. */
  threadCount: number
  /** Rows met here before threads are started: less takes less time than a thread needs to start. */
  rowsBeforeThreads: number
  /** Rows that this thread walks before it looks again what the others have sent. */
  rowsHere: number
  /** Rows after which a thread gives back what it has not walked. */
  rowsPerJob: number
  /** Directories that a thread gets at a time at most. */
  dirsPerJobMax: number
  /** Rows that wait here for those before them. Further ones wait in their thread. */
  windowRows: number
}

/** Shares that measured well. What waits is most of the memory that a scan takes beside its threads. */
export function usualShares(threadCount: number): Shares {
  const rowsPerJob = 8192
  const windowRows = 2 * rowsPerJob * threadCount
  return { threadCount, rowsBeforeThreads: 2048, rowsHere: 1024, rowsPerJob, dirsPerJobMax: 64, windowRows }
}

type Segment = {
  /** Not walked yet and given to nobody, as a stack; empty where the segment was given to a thread. */
  pending: Pending[]
  isRunning: boolean
  /** Walked, not handed out yet. `release` is null where the thread was told to go on already. */
  pieces: Array<{ piece: Piece; release: (() => void) | null }>
}

/**
 * The pieces of the whole tree in row order.
 * @param walker walks in this thread; stays the caller's
 * @param pool null: everything is done in this thread
 */
export async function* walkInOrder(walker: Walker, pool: Threads | null, shares: Shares): AsyncGenerator<Piece> {
  const list = new SegmentList(shares)
  let rowsHere = 0
  pool?.addSource(list)
  for (let head = list.head; head !== undefined; head = list.head) {
    const first = list.shiftPiece(head)
    if (first !== undefined) {
      if (list.isShared) pool!.wake()
      yield first
    } else if (isWaiting(head)) {
      // ORDER: the share is a segment of its own, so that threads can take what follows it while it is handed out.
      const { segment, pending } = list.takeShare(0)
      for (const piece of walker.walk(pending, list.isShared ? shares.rowsHere : shares.rowsBeforeThreads)) {
        rowsHere += rowCountOf(piece)
        yield piece
      }
      list.giveBack(segment, pending)
      list.isShared = pool !== null && rowsHere >= shares.rowsBeforeThreads
      if (list.isShared) pool!.wake()
    } else if (!head.isRunning) {
      list.shift()
    } else if (!list.walkAhead(walker)) {
      await pool!.progress()
    }
    // ORDER: what the threads send and are given changes the list, so its head is looked at afterwards.
    if (list.isShared) pool!.poll()
  }
}

/** The segments in row order, and the jobs that they give the threads. */
class SegmentList implements Source {
  /** Whether threads may take from it. */
  isShared = false
  readonly #shares: Shares
  readonly #segments: Segment[] = [{ pending: pendingRoot(), isRunning: false, pieces: [] }]
  #waitingRows = 0
  #runningCount = 0

  constructor(shares: Shares) {
    this.#shares = shares
  }

  /** The segment that is wanted next. */
  get head(): Segment | undefined {
    return this.#segments[0]
  }

  shift(): void {
    this.#segments.shift()
  }

  /** The first piece of a segment that waits; whoever walks it may go on. */
  shiftPiece(segment: Segment): Piece | undefined {
    const first = segment.pieces.shift()
    if (first === undefined) return undefined
    this.#waitingRows -= rowCountOf(first.piece)
    first.release?.()
    return first.piece
  }

  hasJob(): boolean {
    if (!this.isShared) return false
    const i = this.#segments.findIndex(isWaiting)
    // ORDER: the first segment of all is never held back, so that somebody always works on what is wanted next.
    return i === 0 || (i > 0 && this.#hasRoom())
  }

  nextJob(): Job {
    return this.#jobOf(this.#segments.findIndex(isWaiting))
  }

  /** What may wait behind the job of a segment lies behind it in the list, too: it cannot become the head before. */
  #jobAfter(segment: Segment): Job | null {
    const i = this.#segments.findIndex(isWaiting)
    return i > this.#segments.indexOf(segment) && this.#hasRoom() ? this.#jobOf(i) : null
  }

  #hasRoom(): boolean {
    const { rowsPerJob, windowRows } = this.#shares
    return this.#waitingRows + this.#runningCount * rowsPerJob < windowRows
  }

  #jobOf(i: number): Job {
    const { segment, pending } = this.takeShare(i)
    const { rowsPerJob, windowRows } = this.#shares
    this.#runningCount++
    const input: WalkInput = { pending, rowCountMax: rowsPerJob }
    return {
      task: 'walk',
      input,
      onOutput: (value, release) => {
        const piece = value as Piece
        this.#waitingRows += rowCountOf(piece)
        const goesOn = this.#waitingRows < windowRows
        if (goesOn) release()
        segment.pieces.push({ piece, release: goesOn ? null : release })
      },
      onDone: (result) => {
        this.#runningCount--
        this.giveBack(segment, result as Pending[])
      },
      ahead: () => this.#jobAfter(segment),
    }
  }

  /** Takes the first directories of a waiting segment; they become a segment of their own, in front of it. */
  takeShare(i: number): { segment: Segment; pending: Pending[] } {
    const rest = this.#segments[i]!
    const segment: Segment = { pending: [], isRunning: true, pieces: [] }
    const pending = takeDirs(rest.pending, dirsPerJob(rest.pending, this.#shares))
    this.#segments.splice(i, rest.pending.length === 0 ? 1 : 0, segment)
    return { segment, pending }
  }

  /** What was left of a share takes its place behind it. */
  giveBack(segment: Segment, pending: Pending[]): void {
    segment.isRunning = false
    if (pending.length === 0) return
    const i = this.#segments.indexOf(segment)
    const next = this.#segments[i + 1]
    if (next !== undefined && isWaiting(next)) next.pending.push(...pending)
    else this.#segments.splice(i + 1, 0, { pending, isRunning: false, pieces: [] })
  }

  /** Walks a share ahead of what can be handed out. False where there is none, or too much waits already. */
  walkAhead(walker: Walker): boolean {
    const i = this.#segments.findIndex(isWaiting)
    if (i < 0 || this.#waitingRows >= this.#shares.windowRows) return false
    const { segment, pending } = this.takeShare(i)
    for (const piece of walker.walk(pending, this.#shares.rowsHere)) {
      this.#waitingRows += rowCountOf(piece)
      segment.pieces.push({ piece, release: null })
    }
    this.giveBack(segment, pending)
    return true
  }
}

function isWaiting(segment: Segment): boolean {
  return segment.pending.length > 0
}

function rowCountOf(piece: Piece): number {
  return piece.batch?.rowCount ?? 0
}

/** A share of what is pending that leaves something for the other threads, who would run far ahead otherwise. */
function dirsPerJob(pending: readonly Pending[], shares: Shares): number {
  const count = pending.reduce((sum, { names, next }) => sum + names.ends.length - next, 0)
  return Math.min(Math.ceil(count / (2 * shares.threadCount)), shares.dirsPerJobMax)
}

/** Takes the first `count` directories off a stack: a stack again. */
function takeDirs(pending: Pending[], count: number): Pending[] {
  const taken: Pending[] = []
  let left = count
  while (left > 0 && pending.length > 0) {
    const top = pending.at(-1)!
    const available = top.names.ends.length - top.next
    if (available <= left) {
      taken.push(pending.pop()!)
    } else {
      // Copies: the buffers of what a thread gets are handed over.
      taken.push({ dir: top.dir.slice(), names: sliceBytes(top.names, top.next, top.next + left), next: 0 })
      top.next += left
    }
    left -= available
  }
  return taken.reverse()
}

function sliceBytes(column: BytesColumn, from: number, to: number): BytesColumn {
  const start = startOf(column, from)
  return {
    heap: column.heap.slice(start, column.ends[to - 1]!),
    ends: column.ends.slice(from, to).map((end) => end - start),
  }
}
