/** Temporary folders, also for benchmarks: made under the system's own, removed however deep or unreadable they became. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Makes an empty folder; whoever calls this removes it with `removeTree`. */
export function makeTempDir(): string {
  return mkdtempSync(join(realpathSync(tmpdir()), 'fscs-test-'))
}

/**
 * Removes a tree with paths longer than PATH_MAX and directories that cannot be read or written:
 * chmod and rm walk by descriptors, which node's own rm does not.
 */
export function removeTree(dir: string): void {
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
