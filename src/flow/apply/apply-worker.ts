/** The program of an apply's worker threads: they make plain files in the stage. */

import { type FileJob, writeFiles } from '../../host/stage/file-job.ts'
import { closeCursor, createCursor } from '../../host/target/target-cursor.ts'
import { freeBuffers } from '../../host/thread/free-buffers.ts'
import { serve } from '../../host/thread/thread-side.ts'

/** Descriptors belong to the process: the stage's new/ is open in every thread. */
export type ApplyWorkerData = { newFd: number }

serve((data) => {
  const cursor = createCursor((data as ApplyWorkerData).newFd)
  return {
    handlers: {
      files(input) {
        const result = writeFiles(cursor, input as FileJob)
        freeBuffers(input)
        return result
      },
    },
    close: () => closeCursor(cursor),
  }
})
