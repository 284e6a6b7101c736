/** Which apply takes the stream that was named, and how it is read. */
import { UsageError } from '../base/errors.ts'
import type { ApplyOptions, ApplyReport } from '../flow/apply/apply-options.ts'
import { widenPipe } from '../host/stream/pipe.ts'
import { DASH, STDIN } from '../host/stream/stdio.ts'
import { openInput } from './input.ts'

type Flags = {
  direct: boolean
  atomic: boolean
  delete: string | null
  basis: readonly Uint8Array[]
  'keep-stage': boolean
}

export type ApplyInput = (options: ApplyOptions) => Promise<ApplyReport>

/** @throws UsageError, RefusedError `not-seekable`, HostError */
export async function openApply(path: Uint8Array | null, flags: Flags): Promise<ApplyInput> {
  if (flags.direct) return openDirect(path, flags)
  const { lendItems } = await import('../flow/stream/reader.ts')
  const source = await openInput(path)
  if (path === null) widenPipe(STDIN)
  // A basis may stand for a target that is missing; without one that is not loaded.
  const apply =
    flags.basis.length === 0
      ? (await import('../flow/apply/apply.ts')).apply
      : (await import('../flow/apply/apply-on-basis.ts')).applyOnBasis
  return (options) => apply(lendItems(source), options)
}

/** What is gathered for a portion must be the reader's to keep. */
async function openDirect(path: Uint8Array | null, flags: Flags): Promise<ApplyInput> {
  checkDirect(flags)
  const { applyDirect } = await import('../flow/apply/direct.ts')
  const { readItems } = await import('../flow/stream/reader.ts')
  const { openRereadable } = await import('../host/stream/rereadable.ts')
  const file = openRereadable(path ?? DASH)
  return (options) => applyDirect(() => readItems(file.read()), options).finally(file.close)
}

function checkDirect(flags: Flags): void {
  const others: [isGiven: boolean, flag: string, why: string][] = [
    [flags.atomic, 'atomic', 'in place, or beside it'],
    [flags.delete === 'after', 'delete after', 'deletes come first, to make room'],
    [flags.basis.length > 0, 'basis', 'what is taken from a basis is made beside what is there'],
    [flags['keep-stage'], 'keep-stage', 'the same stream again completes what was done'],
  ]
  for (const [isGiven, flag, why] of others) {
    if (isGiven) throw new UsageError('direct', `--direct and --${flag} exclude each other: ${why}`)
  }
}
