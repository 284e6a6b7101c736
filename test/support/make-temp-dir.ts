/** Temporary folders, also for benchmarks: made under the system's own, removed however deep or unreadable they became. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Names begin so. */
export const PREFIX = 'fscs-test-'
/** Where the folders of a run of the tests are (run-dirs.ts): on the disk, and in memory where that can be had. */
export const DIR_VARIABLE = 'FSCS_TEST_DIR'
export const QUICK_DIR_VARIABLE = 'FSCS_TEST_QUICK_DIR'

/** Makes an empty folder; whoever calls this removes it with `removeTree`. */
export function makeTempDir(): string {
  return mkdtempSync(join(process.env[DIR_VARIABLE] ?? realpathSync(tmpdir()), PREFIX))
}

/** The same for trees that are made and removed by the hundred: nothing there has to outlive the machine. */
export function makeQuickDir(): string {
  const parent = process.env[QUICK_DIR_VARIABLE]
  return parent === undefined ? makeTempDir() : mkdtempSync(join(parent, PREFIX))
}

/** Removes a tree with paths longer than PATH_MAX and directories that cannot be read or written. */
export function removeTree(dir: string): void {
  try {
    rmSync(dir, { recursive: true, force: true })
  } catch {
    removeByDescriptors(dir)
  }
}

/** What node's own rm cannot: chmod and rm walk by descriptors. */
function removeByDescriptors(dir: string): void {
  try {
    execFileSync('chmod', ['-R', 'u+rwx', '--', dir], { stdio: 'ignore' })
  } catch {
    // Dangling symlinks make chmod complain; what matters is whether rm succeeds.
  }
  execFileSync('rm', ['-rf', '--', dir], { stdio: ['ignore', 'ignore', 'pipe'] })
}

/** Runs `use` with an empty folder and removes it afterwards. */
export async function withTempDir<T>(use: (dir: string) => T | Promise<T>): Promise<T> {
  const dir = makeTempDir()
  try {
    return await use(dir)
  } finally {
    removeTree(dir)
  }
}
