/** The ways in which a changeset can be applied, by name. */
import { apply } from '../../src/flow/apply/apply.ts'
import type { ApplyOptions, ApplyReport } from '../../src/flow/apply/apply-options.ts'
import { applyDirect } from '../../src/flow/apply/direct.ts'
import type { Item } from '../../src/model/item.ts'
import { applyOptions, replayItems } from './apply-tree.ts'

export type Way = Partial<ApplyOptions> & { isDirect?: true }

export const ways: Record<string, Way> = {
  'by default': {},
  atomic: { atomic: { oldTree: null } },
  direct: { isDirect: true },
}

export function applyWay(
  { isDirect, ...options }: Way,
  items: readonly Item[],
  target: string,
  more: Partial<ApplyOptions> = {},
): Promise<ApplyReport> {
  const chosen = applyOptions(target, { ...options, ...more })
  return isDirect ? applyDirect(() => replayItems(items), chosen) : apply(replayItems(items), chosen)
}
