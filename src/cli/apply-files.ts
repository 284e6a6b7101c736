/** The files that an apply writes beside its work: the way back, and what was done. Each is complete, or absent. */
import { RefusedError, UsageError } from '../base/errors.ts'
import type { ApplyOptions } from '../flow/apply/apply-options.ts'
import { isDash, pathKind, removeFile, say } from '../host/stream/stdio.ts'
import { escapeText, quotePath } from '../model/escape.ts'
import type { Item } from '../model/item.ts'
import type { FlagTable, FlagValues } from './command.ts'
import { writeItems } from './output.ts'

export const fileFlags = {
  undo: {
    kind: 'path',
    value: 'FILE',
    help: 'write what leads back, with data, before the change; FILE must not exist',
  },
  receipt: { kind: 'path', value: 'FILE', help: 'write what was done, row by row, after the change' },
} as const satisfies FlagTable

export type ApplyFiles = Pick<ApplyOptions, 'undo' | 'receipt'> & {
  /** Nothing was changed: there is nothing to lead back from. */
  dropUndo(): void
}

/** @throws UsageError, RefusedError `undo-taken` */
export function openApplyFiles({ undo, receipt }: FlagValues<typeof fileFlags>): ApplyFiles {
  for (const [flag, path] of Object.entries({ undo, receipt })) {
    if (path !== null && isDash(path)) throw new UsageError(flag, `--${flag} needs a file, not standard output`)
  }
  if (undo !== null && pathKind(undo) !== null)
    throw new RefusedError('undo-taken', `${quotePath(undo)} is there already`)
  return {
    undo: undo === null ? null : (items) => writeItems(sayLosses(items, undo), undo, true),
    receipt: receipt === null ? null : (items) => writeItems(items, receipt, true),
    dropUndo: () => undo !== null && removeFile(undo),
  }
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
