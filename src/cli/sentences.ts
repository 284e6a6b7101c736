/**
 * Every sentence about a failure that a person reads, and the exit status that goes with it. A sentence names the path,
 * says what happened, what was left untouched and what to do next.
 */
import { type ProblemCode, problemCodes } from '../base/constants.ts'
import { BugError, FormatError, HostError, LineError, RefusedError, UsageError } from '../base/errors.ts'
import { PartlyError } from '../flow/apply/partly-error.ts'
import { CommitError } from '../host/commit/commit-error.ts'
import { isDash } from '../host/stream/stdio.ts'
import { escapeSentence, escapeText, quotePath } from '../model/escape.ts'
import type { Problem } from '../model/problem.ts'

export const Status = {
  ok: 0,
  problems: 1,
  usage: 2,
  badStream: 3,
  host: 4,
  conflicts: 5,
  missingContents: 6,
  refused: 7,
  bug: 70,
} as const

/**
 * What to say about an error, in lines that each begin with the command's name, and the exit status.
 * `untouched` says what the failure left as it was; empty where there is nothing to say.
 */
export function explain(name: string, error: unknown, untouched: string): { text: string; status: number } {
  const { lines, status } = explainError(name, error)
  const isSaid =
    lines.length > 0 &&
    untouched !== '' &&
    !(error instanceof CommitError || error instanceof PartlyError) &&
    status !== Status.usage &&
    status !== Status.bug
  return { text: [...lines, ...(isSaid ? [untouched] : [])].map((line) => `${name}: ${line}\n`).join(''), status }
}

export const UNTOUCHED = 'The target was not changed.'

/** What follows where a stage is kept. */
export const KEPT =
  "What had arrived by then is kept in it: the stream again with --keep-stage goes on from there, 'fsapply --rollback TARGET' removes it."

const WAYS_ON =
  "'fsapply --keep-stage TARGET' with the stream again goes on with what had arrived, 'fsapply --rollback TARGET' removes it."

/** What a plan says of a target in which an apply was cut short. */
export const LEFTOVER = `an earlier apply was cut short there before it changed anything. ${WAYS_ON}`

/** Which sides of a diff have no content ids; `isQuick` where they are two directories that were not to be read. */
export type WithoutIds = { snapshot: boolean; directory: boolean; isQuick: boolean }

/** Says how many contents nobody has looked at, and what to do about it. */
export function byTimeAlone(count: number, sides: WithoutIds): string {
  const contents = count === 1 ? '1 content was' : `${count} contents were`
  return `${contents} judged equal by size and time alone; ${lookAtThem(sides)}.`
}

function lookAtThem({ snapshot, directory, isQuick }: WithoutIds): string {
  if (isQuick) return 'without --quick they are compared'
  if (snapshot && directory) return 'fsscan --hash for the snapshot, and --hash here, look at them'
  if (snapshot) return 'fsscan --hash looks at them'
  return directory ? '--hash looks at them' : 'they could not be read'
}

/** Says that a changeset has no contents though they were not refused. */
export function contentsLeftOut(tree: string): string {
  return `no contents were packed: ${tree}. fspack adds them there, --source DIR here, --no-data means it.`
}

/** After an apply in place was stopped. */
export const CHANGED_IN_PART =
  'The target was changed in part: each file is as it was, or as it shall be. Run the same again to complete it.'

/** Says that the file of `-o` does not exist, or is the one it was. */
export function notWritten(output: Uint8Array): string {
  return `${quotePath(output)} was not written.`
}

/** Says what a plan with conflicts or problems is good for. */
export function refusedPlan(conflictCount: number, problemCount: number): string {
  const counts = [
    conflictCount === 0 ? '' : nounOf(conflictCount, 'conflict'),
    problemCount === 0 ? '' : nounOf(problemCount, 'problem'),
  ]
  return `${counts.filter((text) => text !== '').join(' and ')}: fsapply would refuse this, and change nothing.`
}

/** Says that rows which the plan has as to be done are left out by fsapply. */
export function takenAlong(count: number): string {
  const which = count === 1 ? '1 further row is' : `${count} further rows are`
  return `${which} left out by fsapply, because of what is left out: such as a directory in which something stays.`
}

function nounOf(count: number, noun: string): string {
  return count === 1 ? `1 ${noun}` : `${count} ${noun}s`
}

type Explained = { lines: string[]; status: number }

function explainError(name: string, error: unknown): Explained {
  if (error instanceof UsageError) {
    return { lines: [escapeSentence(error.message), `Try '${name} --help'.`], status: Status.usage }
  }
  if (error instanceof FormatError) return { lines: formatLines(error), status: Status.badStream }
  if (error instanceof LineError) return { lines: [escapeSentence(error.message)], status: Status.badStream }
  if (error instanceof RefusedError) {
    const next = refusedAdvice[error.code]
    const lines = [escapeSentence(error.message), ...(next === undefined ? [] : [next])]
    return { lines, status: refusedStatus[error.code] ?? Status.problems }
  }
  // Nobody reads our output any more, and whoever stopped reading knows why.
  if (error instanceof HostError && error.code === 'EPIPE') return { lines: [], status: Status.ok }
  if (error instanceof HostError) return { lines: hostLines(error), status: Status.host }
  if (error instanceof CommitError) return { lines: commitLines(error), status: Status.host }
  if (error instanceof PartlyError) {
    const { lines, status } = explainError(name, error.reason)
    return { lines: [...lines, CHANGED_IN_PART], status }
  }
  const missing = missingModule(error)
  if (missing !== null) return { lines: moduleLines(missing), status: Status.host }
  return { lines: bugLines(error), status: Status.bug }
}

const refusedAdvice: Readonly<Record<string, string>> = {
  'leftover-stage': "'fsapply --resume TARGET' completes it, 'fsapply --rollback TARGET' takes it back.",
  'undecided-stage': WAYS_ON,
  'no-locks': 'Leave --keep-stage out.',
  'not-decided': "'fsapply --rollback TARGET' removes what is left of it.",
  'already-complete': "'fsapply --resume TARGET' removes what is left of it.",
  drifted: "'fsapply --rollback TARGET' takes the change back, and leaves what others have written as it is.",
  'leftover-new-tree': 'Remove it where none is at work, and run this again.',
  'unknown-owners': 'Take the recorded numbers with --numeric-ids, or say who is who with --map-owner.',
  'basis-unreadable': 'Apply to a copy of the basis that you have made yourself, or leave --basis out.',
  'basis-in-target': 'Name a tree beside the target.',
  'target-busy': 'Wait until it has ended and run this again.',
  'target-is-root': 'Where that is meant, say so with --allow-system-root.',
  'leftover-copy': "'fsapply --resume TARGET' settles it, 'fsapply --rollback TARGET' exchanges it back.",
  'not-by-name': 'Name the target by its path, or leave --atomic out.',
  'mount-point': 'Leave --atomic out, or name a directory in it.',
  'old-tree-taken': 'Name another place with --keep-old.',
  'old-tree-elsewhere': 'A tree is kept by renaming it: name a place beside the target with --keep-old.',
  'backup-elsewhere': 'Entries are kept by renaming them: name a folder there with --backup.',
  'not-seekable': 'Write the stream to a file first, and name that as FILE.',
  'backup-inside': 'Name a folder beside the target with --backup.',
  touched:
    'Which files they are, the tree between the two says: name its snapshot (FIRST, where that is one) with --between.',
  'touched-differ': 'Make the changeset without --touch: it then says of each file what it expects.',
  'undo-taken': 'An undo that is overwritten is lost. Name another FILE, or remove this one.',
}

const refusedStatus: Readonly<Record<string, number>> = {
  conflicts: Status.conflicts,
  conflict: Status.conflicts,
  'missing-content': Status.missingContents,
  'no-source': Status.missingContents,
  'target-busy': Status.host,
  'leftover-stage': Status.conflicts,
  'undecided-stage': Status.conflicts,
  'not-composable': Status.conflicts,
  touched: Status.refused,
  'touched-differ': Status.conflicts,
  drifted: Status.conflicts,
  'wrong-kind': Status.badStream,
  'target-is-root': Status.refused,
  'leftover-copy': Status.conflicts,
  'not-by-name': Status.refused,
  'mount-point': Status.refused,
  'old-tree-taken': Status.refused,
  'old-tree-elsewhere': Status.refused,
  'backup-elsewhere': Status.refused,
  'backup-inside': Status.refused,
  'undo-taken': Status.refused,
  'unknown-owners': Status.refused,
  'not-seekable': Status.refused,
  'undo-incomplete': Status.refused,
  'hook-failed': Status.refused,
  'hook-timeout': Status.refused,
}

function formatLines(error: FormatError): string[] {
  const what = error.file === null ? 'bad stream' : quotePath(error.file)
  const line = `${what}: ${escapeSentence(error.message)}`
  switch (error.code) {
    case 'truncated':
      if (error.offset === 0) return [line, 'There is no stream to read: did the program that should write it fail?']
      return [line, 'The stream ends before its end record: the program that wrote it, or the connection, was cut off.']
    case 'not-a-changeset':
      return [line, 'This is no snapshot or changeset of this format. Was another file meant?']
    case 'unknown-version':
    case 'unknown-feature':
      return [line, 'A newer version of these commands wrote it; this one cannot read it safely.']
    default:
      return [line]
  }
}

/** What the system's errors mean, in words. */
const causes: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EDQUOT: 'the disk quota is used up',
  EEXIST: 'it exists already',
  EFBIG: 'the file would be larger than the filesystem allows',
  EINVAL: 'the system does not accept the request',
  EIO: 'the disk or the connection failed',
  EISDIR: 'it is a directory',
  ELOOP: 'too many symbolic links',
  EMFILE: 'too many open files',
  ENAMETOOLONG: 'the name is too long for this filesystem',
  ENODEV: 'there is no such device',
  ENOENT: 'there is no such file or directory',
  ENOMEM: 'out of memory',
  ENOSPC: 'no space is left on the device',
  ENOSYS: 'the kernel lacks this call',
  ENOTDIR: 'it is not a directory',
  ENOTEMPTY: 'the directory is not empty',
  ENOTSUP: 'the filesystem does not support it',
  ENXIO: 'there is no such device',
  EOPNOTSUPP: 'the filesystem does not support it',
  EPERM: 'not permitted',
  EROFS: 'the filesystem is read-only',
  ETXTBSY: 'the program is running',
  EXDEV: 'it lies on another filesystem',
}

const advice: Readonly<Record<string, string>> = {
  EACCES: 'Check the permissions, or run as a user who may.',
  EDQUOT: 'Free some space and run it again.',
  EMFILE: 'Raise the limit (ulimit -n) and run it again.',
  ENOSPC: 'Free some space and run it again.',
  EPERM: 'It may be immutable (lsattr), or belong to somebody else.',
  EROFS: 'Remount it writable, or choose another place.',
}

/** Overlay filesystems give EXDEV for a directory that is not all in the upper layer. */
const OVERLAY =
  "Nor can a whole tree be exchanged that comes from a lower layer of an overlay, such as a container's image: leave out --atomic, or put a copy in its place first (cp -a)."

function hostLines(error: HostError): string[] {
  const cause = causes[error.code]
  const line = `${subject(error)}: ${cause ?? 'the system refused'} (${error.call}: ${error.code})`
  const next = error.call === 'rename' && error.code === 'EXDEV' ? OVERLAY : advice[error.code]
  return next === undefined ? [line] : [line, next]
}

/** The one failure after which the target is neither as it was nor as it shall be. */
function commitLines({ stage, reason }: CommitError): string[] {
  const why = reason instanceof HostError ? hostLines(reason)[0]! : escapeText(String(reason))
  return [
    `the change was begun and could neither be completed nor taken back: ${why}`,
    `Nothing is lost: what was there is kept in the folder ${quotePath(stage)} of the target. Do not remove it.`,
  ]
}

function subject({ path, call }: HostError): string {
  if (!isDash(path)) return quotePath(path)
  return call === 'write' ? 'standard output' : 'standard input'
}

/** What a native package that cannot be loaded says; null for other errors. */
function missingModule(error: unknown): string | null {
  const { code, message } = error as NodeJS.ErrnoException
  return code === 'MODULE_NOT_FOUND' || code === 'ERR_DLOPEN_FAILED' ? (message.split('\n')[0] ?? '') : null
}

function moduleLines(message: string): string[] {
  return [
    `a native package cannot be loaded: ${escapeText(message)}`,
    'Install again with its install script allowed (npm: --allow-scripts=zstd-napi); README.md says what building it needs.',
  ]
}

function bugLines(error: unknown): string[] {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  const what = error instanceof BugError ? 'a check of its own failed' : 'an unexpected error'
  return [`this is a defect of the program: ${what}. Please report it with these lines:`, ...stack.split('\n')]
}

/** One line on a problem: path, what it means, and the cause where one is known. */
export function problemLine(problem: Problem): string {
  const meaning = problemCodes[problem.code as ProblemCode] ?? problem.code
  const detail = problem.detail === '' ? '' : ` (${causes[problem.detail] ?? escapeText(problem.detail)})`
  return `${quotePath(problem.path)}: ${meaning}${detail}`
}
