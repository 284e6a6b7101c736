/** Opens the journal that an apply has left in its stage. Frames that a crash has torn are known by their mark and hash. */
import { HostError } from '../../base/errors.ts'
import { readAt } from '../entry/see.ts'
import { nameAddress } from '../native/c-string.ts'
import { check } from '../native/call.ts'
import { O_CLOEXEC, O_NOFOLLOW, O_RDONLY } from '../native/errno.ts'
import { addressOf, libc } from '../native/libc.ts'
import { loadCopiedUp } from './copied-up.ts'
import {
  addFrame,
  checkOf,
  correctFrames,
  emptyJournal,
  FILE_HEAD_BYTES,
  HEAD_BYTES,
  JOURNAL,
  type Journal,
  MARK,
} from './journal.ts'
import { decodeFrame } from './journal-frame.ts'

/** Opens the journal that an apply has left. @throws HostError `EIO` where it is damaged */
export function openJournal(stageFd: number, path: Uint8Array): Journal {
  const journal = openWhole(stageFd, path)
  if (!readFrames(journal)) throw new HostError('EIO', 'journal', path)
  const copiedUp = loadCopiedUp(stageFd, path)
  if (copiedUp !== null) correctFrames(journal, copiedUp)
  return journal
}

/** Opens the journal of an apply that was cut short at any moment: of its frames, those up to one that is damaged. @throws HostError */
export function openCutJournal(stageFd: number, path: Uint8Array): Journal {
  const journal = openWhole(stageFd, path)
  readFrames(journal)
  return journal
}

function openWhole(stageFd: number, path: Uint8Array): Journal {
  const flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW
  const fd = check('open', path, () => libc.openat(stageFd, nameAddress(JOURNAL), flags, 0))
  const journal = emptyJournal(fd, path)
  const head = new Uint32Array(32)
  if (readAt(fd, addressOf(head), FILE_HEAD_BYTES, 0, path) === FILE_HEAD_BYTES) journal.flags = head[1]!
  return journal
}

/** Reads the frames into the index. False where one of them is damaged: it ends there. */
function readFrames(journal: Journal): boolean {
  const head = new Uint8Array(256)
  const view = new DataView(head.buffer)
  const lengths = new Float64Array(head.buffer)
  for (;;) {
    const count = readAt(journal.fd, addressOf(head), HEAD_BYTES, journal.size, journal.path)
    if (count < HEAD_BYTES) return true
    const length = lengths[0]!
    if (view.getUint32(8) !== MARK || !(length >= FRAME_BYTES_MIN && length <= FRAME_BYTES_MAX)) return false
    const bytes = new Uint8Array(length)
    if (readAt(journal.fd, addressOf(bytes), length, journal.size + HEAD_BYTES, journal.path) < length) return false
    if (checkOf(bytes) !== view.getUint32(12)) return false
    addFrame(journal, decodeFrame(bytes), length)
  }
}

/** A frame has more than its columns' heads, and less than this: a batch is within the limits of the format. */
const FRAME_BYTES_MIN = 128
const FRAME_BYTES_MAX = 2 ** 28
