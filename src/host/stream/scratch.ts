/** A file that nobody finds and that is gone with its descriptor: for what is too much for memory. */
import { tmpdir } from 'node:os'
import { nameAddress } from '../native/c-string.ts'
import { check, retry } from '../native/call.ts'
import { AT_FDCWD, O_CLOEXEC, O_RDWR, O_TMPFILE } from '../native/errno.ts'
import { libc } from '../native/libc.ts'

/** memfd_create(2). */
const MFD_CLOEXEC = 1
const NAME = Buffer.from('fs-changeset')

/** Opens one among the temporary files; in memory where that cannot be. @throws HostError */
export function openScratch(): number {
  const dir = Buffer.from(tmpdir())
  const fd = retry(() => libc.openat(AT_FDCWD, nameAddress(dir), O_RDWR | O_TMPFILE | O_CLOEXEC, 0o600))
  if (fd !== -1) return fd
  return check('memfd_create', dir, () => libc.memfd_create(nameAddress(NAME), MFD_CLOEXEC))
}
