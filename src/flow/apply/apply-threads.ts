/**
 * Plain files made by other threads while this one reads and checks the stream. What they do not keep up with is done here, so
 * that few jobs wait. A small stream starts no thread.
 */
import { createFileJobBuilder, type FileJob, type FileJobResult } from '../../host/stage/file-job.ts'
import { countLost, doJob, type FileSink, inTree, ownerOf } from '../../host/stage/file-sink.ts'
import type { Stage } from '../../host/stage/stage.ts'
import { type Job, Pool } from '../../host/thread/threads.ts'
import type { ApplyWorkerData } from './apply-worker.ts'

/** Jobs done here before a thread is started: its start costs as much as some thousand files. */
const LOCAL_JOBS = 4
/** Jobs that may wait for each thread. */
const WAITING_MAX = 3
/** Milliseconds between looks at whether the threads are done, at the end. */
const LOOK_MILLISECONDS = 1

/** @param threadCount threads beside this one, at least 1 */
export function threadedFiles(stage: Stage, threadCount: number): FileSink {
  const builder = createFileJobBuilder(() => ownerOf(stage))
  const waiting: FileJob[] = []
  let pool: Pool | null = null
  let jobCount = 0
  let underWay = 0

  function nextJob(): Job {
    underWay++
    return {
      task: 'files',
      input: waiting.shift()!,
      onOutput: (_value, release) => release(),
      onDone(result) {
        underWay--
        countLost(stage, result as FileJobResult)
      },
      // The thread need not wait for this one to give it the next.
      ahead: () => (waiting.length > 0 ? nextJob() : null),
    }
  }

  function start(): Pool {
    const data: ApplyWorkerData = { newFd: stage.newFd }
    const made = new Pool({ entry: 'apply-worker', threadCountMax: threadCount, data })
    made.addSource({ hasJob: () => waiting.length > 0, nextJob })
    return made
  }

  function poll(): void {
    try {
      pool?.poll()
    } catch (error) {
      throw inTree(stage, error)
    }
  }

  function flush(): void {
    const job = builder.take()
    if (job === null) return
    if (jobCount++ < LOCAL_JOBS) {
      doJob(stage, job)
      return
    }
    pool ??= start()
    waiting.push(job)
    poll()
    pool.wake()
    if (waiting.length > WAITING_MAX * threadCount) doJob(stage, waiting.shift()!)
  }

  return {
    add(dir, name, bytes, metadata) {
      builder.add(dir, name, bytes, metadata)
      if (builder.isFull) flush()
    },
    drain() {
      flush()
      while (waiting.length > 0) doJob(stage, waiting.shift()!)
      const sleeper = new Int32Array(new SharedArrayBuffer(4))
      for (poll(); underWay > 0; poll()) Atomics.wait(sleeper, 0, 0, LOOK_MILLISECONDS)
    },
    async close() {
      waiting.length = 0
      await pool?.close()
      pool = null
    },
  }
}
