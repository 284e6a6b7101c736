/**
 * The folders that hold all temporary folders of one run of the tests: removed when it ends, and by the next run where it
 * was killed, for a process that is killed cannot clean up. vitest calls this before the first test and after the last.
 */
import { accessSync, chmodSync, constants, existsSync, mkdtempSync, readdirSync, realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DIR_VARIABLE, PREFIX, QUICK_DIR_VARIABLE, removeTree } from './make-temp-dir.ts'

const IN_MEMORY = '/dev/shm'

export default function setUp(): () => void {
  const dirs = [makeRunDir(DIR_VARIABLE, realpathSync(tmpdir()))]
  if (isWritable(IN_MEMORY)) dirs.push(makeRunDir(QUICK_DIR_VARIABLE, IN_MEMORY))
  return () => {
    for (const dir of dirs) removeTree(dir)
  }
}

/** The workers that run the tests inherit the variable. Other users, as whom some tests run programs, may pass through. */
function makeRunDir(variable: string, parent: string): string {
  removeLeft(parent)
  const dir = mkdtempSync(join(parent, `${PREFIX}${process.pid}-`))
  chmodSync(dir, 0o711)
  process.env[variable] = dir
  return dir
}

/** What runs have left that are no more. One whose number another process has by now stays until that is gone, too. */
function removeLeft(parent: string): void {
  for (const name of readdirSync(parent)) {
    const pid = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1]
    if (pid === undefined || existsSync(`/proc/${pid}`)) continue
    try {
      removeTree(join(parent, name))
    } catch {
      // It is another user's.
    }
  }
}

function isWritable(dir: string): boolean {
  try {
    accessSync(dir, constants.W_OK)
    return true
  } catch {
    return false
  }
}
