/** Two random trees, the second a changed copy of the first. */
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { mutateTree } from './mutate-tree.ts'
import { makeRandomTree } from './random-tree.ts'

/** A copy with everything kept, hard links and holes too. */
export function copyTree(from: string, to: string): void {
  execFileSync('cp', ['-a', '--sparse=auto', '--', from, to])
}

/** Makes `dir/before`, `dir/after` and `dir/target`, a copy of before; returns what was changed. */
export function makeChangedTrees(dir: string, seed: number, entryCount: number, changeCount: number): string[] {
  mkdirSync(`${dir}/before`)
  makeRandomTree(`${dir}/before`, { seed, entryCount, odd: true })
  copyTree(`${dir}/before`, `${dir}/after`)
  const log = mutateTree(`${dir}/after`, { seed: seed + 1000, changeCount, odd: true })
  copyTree(`${dir}/before`, `${dir}/target`)
  return log
}
