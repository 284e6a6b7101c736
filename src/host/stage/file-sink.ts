/** Where plain files of the stage go: collected into jobs, which this thread does as soon as one is full. */
import { HostError } from '../../base/errors.ts'
import { treePathOf } from '../journal/stage-place.ts'
import { lose } from '../target/keeper.ts'
import { freeBuffers } from '../thread/free-buffers.ts'
import { createFileJobBuilder, type FileJob, type FileJobResult, type FileMetadata, writeFiles } from './file-job.ts'
import type { Stage } from './stage.ts'

export type FileSink = {
  /** Adds a file at a place in the stage: a directory below new/ and a name. The bytes are copied. @throws HostError */
  add(dir: Uint8Array, name: Uint8Array, bytes: Uint8Array, metadata: FileMetadata): void
  /** Returns when all files added are there. @throws HostError */
  drain(): void
  /** Gives up what is not done; nothing is made any more once it resolves. */
  close(): Promise<void>
}

/** Everything in this thread. */
export function localFiles(stage: Stage): FileSink {
  const builder = createFileJobBuilder(() => ownerOf(stage))
  const flush = (): void => {
    const job = builder.take()
    if (job !== null) doJob(stage, job)
  }
  return {
    add(dir, name, bytes, metadata) {
      builder.add(dir, name, bytes, metadata)
      if (builder.isFull) flush()
    },
    drain: flush,
    close: () => Promise.resolve(),
  }
}

/** What a job needs to know of the stage. */
export function ownerOf({ keeper }: Stage): Pick<FileJob, 'umask' | 'createdUid' | 'createdGid'> {
  return { umask: keeper.privileges.umask, createdUid: keeper.createdUid, createdGid: keeper.createdGid }
}

/** Does a job here. @throws HostError with the path in the tree */
export function doJob(stage: Stage, job: FileJob): void {
  try {
    const result = writeFiles(stage.fileCursor, job)
    freeBuffers(job)
    countLost(stage, result)
  } catch (error) {
    throw inTree(stage, error)
  }
}

/** What a job's files could not get counts as what is lost of any entry. */
export function countLost({ keeper, target }: Stage, { lostOwners, lostModes }: FileJobResult): void {
  for (let k = 0; k < lostOwners; k++) lose(keeper, 'owners', () => target.path)
  for (let k = 0; k < lostModes; k++) lose(keeper, 'modes', () => target.path)
}

/** An error of a job, which names a path in the stage, with the path in the tree. */
export function inTree({ journal }: Stage, error: unknown): unknown {
  return error instanceof HostError ? new HostError(error.code, error.call, treePathOf(journal, error.path)) : error
}
