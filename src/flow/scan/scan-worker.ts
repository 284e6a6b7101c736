/** The program of a scan's worker threads. */

import { serve } from '../../host/thread/thread-side.ts'
import type { FileList } from '../../host/walk/file-list.ts'
import { FileHasher } from '../../host/walk/hash-files.ts'
import { createWalker, type WalkOptions } from '../../host/walk/walk.ts'
import { createChunkTap } from './chunk-lists.ts'
import { excludesOf } from './scan-filters.ts'
import type { WalkInput } from './walk-in-order.ts'

/** What a worker starts with: the walk's options, the filter as rules because functions do not cross. */
export type ScanWorkerData = { walk: Omit<WalkOptions, 'isExcluded' | 'ownsThread'>; filters: string[] }

/** Files to hash, and whether their chunk lists are wanted too. */
export type HashInput = { files: FileList; chunks: boolean }

serve((data) => {
  const { walk, filters } = data as ScanWorkerData
  const walker = createWalker({ ...walk, isExcluded: excludesOf(filters), ownsThread: true })
  let plain: FileHasher | null = null
  let chunking: FileHasher | null = null
  return {
    handlers: {
      walk(input, emit) {
        const { pending, rowCountMax } = input as WalkInput
        for (const piece of walker.walk(pending, rowCountMax)) emit(piece)
        return pending
      },
      hash(input) {
        const { files, chunks } = input as HashInput
        if (chunks) {
          chunking ??= new FileHasher(walk.rootFd, walk.xattrs, createChunkTap())
          return chunking.hash(files)
        }
        plain ??= new FileHasher(walk.rootFd, walk.xattrs, null)
        return plain.hash(files)
      },
    },
    close() {
      walker.close()
      plain?.close()
      chunking?.close()
    },
  }
})
