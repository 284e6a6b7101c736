/** The files that an apply writes beside its work: the way back, and what was done. Each is complete, or absent. */
import { RefusedError, UsageError } from '../base/errors.ts'
import type { ApplyOptions } from '../flow/apply/apply-options.ts'
import { checkPlace, isPlaceIn, placeOf } from '../host/stream/file-place.ts'
import { isDash, pathKind, removeFile, say } from '../host/stream/stdio.ts'
import { escapeText, quotePath } from '../model/escape.ts'
import type { Item } from '../model/item.ts'
import { compareBytes } from '../model/path.ts'
import type { FlagTable, FlagValues } from './command.ts'
import { writeItems } from './output.ts'

export const fileFlags = {
  undo: {
    kind: 'path',
    value: 'FILE',
    help: 'write what leads back, with data, before the change; FILE must not exist, nor lie in TARGET',
  },
  receipt: {
    kind: 'path',
    value: 'FILE',
    help: 'write what was done, row by row, after the change, if there was any; FILE must not lie in TARGET',
  },
} as const satisfies FlagTable

export type ApplyFiles = Pick<ApplyOptions, 'undo' | 'receipt'> & {
  /** Nothing was changed: there is nothing to lead back from. */
  dropUndo(): void
}

/** What cannot be written is found out before the stream is read. @throws UsageError, RefusedError `undo-taken`, HostError */
export function openApplyFiles({ undo, receipt }: FlagValues<typeof fileFlags>, target: Uint8Array): ApplyFiles {
  for (const [flag, path] of Object.entries({ undo, receipt })) {
    if (path !== null && isDash(path)) throw new UsageError(flag, `--${flag} needs a file, not standard output`)
  }
  if (undo !== null && pathKind(undo) !== null)
    throw new RefusedError('undo-taken', `${quotePath(undo)} is there already`)
  const [undoPlace, receiptPlace] = [checkFile('undo', undo, target), checkFile('receipt', receipt, target)]
  if (undoPlace !== null && receiptPlace !== null && compareBytes(undoPlace, receiptPlace) === 0) {
    throw new UsageError('receipt', '--undo and --receipt need two files: the receipt would take the place of the undo')
  }
  return {
    undo: undo === null ? null : (items) => writeItems(sayLosses(items, undo), undo, true),
    receipt: receipt === null ? null : (items) => writeItems(items, receipt, true),
    dropUndo: () => undo !== null && removeFile(undo),
  }
}

/** Where the file will be. In the target it would be changed, moved or deleted with what it tells of. */
function checkFile(flag: string, path: Uint8Array | null, target: Uint8Array): Uint8Array | null {
  if (path === null) return null
  checkPlace(path)
  const place = placeOf(path)
  if (!isPlaceIn(place, target)) return place
  const what = `--${flag} ${quotePath(path)} lies in the target, where a changeset may move or delete it`
  throw new UsageError(flag, `${what}; name a file beside the target`)
}

/** Before anything is changed it is said what the undo does not bring back. */
async function* sayLosses(items: AsyncIterable<Item>, undo: Uint8Array): AsyncGenerator<Item> {
  for await (const item of items) {
    if (item.kind === 'problem') {
      say(`fsapply: ${quotePath(undo)} does not bring back all: ${escapeText(item.problem.detail)}.\n`)
    }
    yield item
  }
}
