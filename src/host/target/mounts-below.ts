/** What is mounted below the target, as the kernel lists it (proc_pid_mountinfo(5)). */
import { readFileSync, readlinkSync } from 'node:fs'

/** The field of a line that says where it is mounted. */
const MOUNT_POINT = 4

/**
 * True where something is mounted below an open directory, be it a file over a file of the same filesystem, or where that cannot be
 * known. Whether a path is one of them the kernel says (beneath.ts); this spares the question for each of a million.
 */
export function hasMountsBelow(fd: number): boolean {
  try {
    const root = readlinkSync(`/proc/self/fd/${fd}`, 'latin1')
    const above = root === '/' ? root : `${root}/`
    const lines = readFileSync('/proc/self/mountinfo', 'latin1').split('\n')
    return lines.some((line) => {
      const point = unescaped(line.split(' ')[MOUNT_POINT] ?? '')
      return point.length > above.length && point.startsWith(above)
    })
  } catch {
    return true
  }
}

/** Blanks, tabs, newlines and backslashes of paths are written as octal numbers. */
function unescaped(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
}
