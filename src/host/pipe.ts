/** Pipes that programs of ours read from. */
import { F_SETPIPE_SZ } from './errno.ts'
import { libc } from './libc.ts'

/** What anyone may ask for (pipe(7)). */
const PIPE_BYTES = 1 << 20

/** Gives a pipe more room, so that neither of its ends waits often for the other. What is no pipe stays as it is. */
export function widenPipe(fd: number): void {
  libc.fcntl(fd, F_SETPIPE_SZ, PIPE_BYTES)
}
