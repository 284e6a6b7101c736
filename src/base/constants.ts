/** Generated from formats/changeset.json by formats/generate.mjs; edit that table, not this file. */

export const FORMAT_VERSION = 1

export const Magic = {
  /** zstd skippable frame that carries magic, head and index */
  skippable: 407710291,
  /** zstd skippable frame of the seekable format's table */
  seekTable: 407710302,
  /** last four bytes of a seek table */
  seekFooter: 2408770225,
  /** zstd frame (RFC 8878 §3.1.1) */
  zstd: 4247762216,
  /** "FSCS", first bytes of the magic frame's content */
  stream: 1396921158,
} as const

/** What a stream is (magic frame, §3.1). */
export const StreamKind = {
  /** all entries of a tree: rows with an after side only */
  snapshot: 1,
  /** rows that lead from one tree to another */
  changeset: 2,
  /** a changeset bound to one target: rows with a state and what was seen */
  plan: 3,
  /** what an apply did: rows with the state they ended in */
  receipt: 4,
} as const

/** What a data frame holds (head frame, §3.2). */
export const FrameType = {
  /** one header record; the first data frame */
  header: 1,
  /** one rows record, then hints and owners records where there are any */
  rows: 2,
  /** content records: pieces of contents */
  content: 3,
  /** recipe records */
  recipe: 4,
  /** chunks records */
  chunks: 5,
  /** problem records */
  problems: 6,
  /** one end record; the last data frame */
  end: 7,
  /** reserved: signatures of the frames before */
  signature: 8,
  /** reserved: links to other changesets */
  chain: 9,
  /** one touch record; the second data frame */
  touch: 10,
  /** records that a reader may skip undecoded */
  optional: 128,
} as const

/** Kind of an entry (column kind, §5). */
export const Kind = {
  /** the row has no entry on this side */
  absent: 0,
  /** regular file */
  file: 1,
  /** directory */
  directory: 2,
  /** symbolic link */
  symlink: 3,
  /** named pipe */
  fifo: 4,
  /** unix socket */
  socket: 5,
  /** character device */
  char: 6,
  /** block device */
  block: 7,
} as const

/** State of a row in a plan or a receipt (column state, §8). */
export const State = {
  /** not compared with a target */
  none: 0,
  /** the target matches before: the row can be done */
  do: 1,
  /** the target matches after already, or the row was done */
  done: 2,
  /** conflict: the entry is neither what before nor what after says */
  changed: 3,
  /** conflict: before names an entry that is not there */
  missing: 4,
  /** conflict: an entry is there that before does not name */
  exists: 5,
  /** conflict: the entry is of another kind */
  type: 6,
  /** conflict: the directory it lies in is missing, or is no directory */
  parent: 7,
  /** conflict: the hard-link group is not the one recorded */
  links: 8,
  /** left out: by the user's choice, or with a row that it needs */
  skipped: 9,
  /** tried and failed */
  failed: 10,
} as const

export const Cut = {
  /** rows below which the hash of a row does not end a batch */
  rowsMin: 512,
  /** a row whose folded FNV-1a of directory and name has these bits clear may end a batch */
  mask: 1023,
  /** bytes of variable columns at which a batch ends */
  bytes: 1048576,
} as const

export const Limits = {
  /** rows in one rows frame */
  batchRowsMax: 4096,
  /** uncompressed bytes of one data frame */
  frameBytesMax: 16777216,
  /** bytes of one data frame, compressed */
  compressedBytesMax: 16908288,
  /** zstd window of one data frame */
  windowBytesMax: 16777216,
  /** content of one head frame */
  headBytesMax: 1048832,
  /** bytes of one path, and of one symlink target */
  pathBytesMax: 1048576,
  /** bytes of all directory paths of one batch, each written out in full */
  dirsBytesMax: 2162688,
  /** bytes of one name */
  nameBytesMax: 1024,
  /** bytes of the extended attributes of one entry */
  xattrsBytesMax: 1048576,
  /** holes recorded of one file */
  holesMax: 65536,
  /** bytes of one content piece */
  pieceBytesMax: 1048576,
  /** bytes of small contents that are collected in one frame */
  contentGroupBytes: 4194304,
  /** the same in a stream of level 10 and above, which looks further back */
  contentGroupLargeBytes: 14680064,
  /** ranges of all recipes in one frame */
  recipeRangesMax: 65536,
  /** bytes that all ranges of zeros of a recipe may have together */
  zerosBytesMax: 1099511627776,
  /** bytes of one part of squeezed literals, and of its zstd frame */
  squeezeBytesMax: 4194304,
  /** bytes of the dictionary of one part */
  dictionaryBytesMax: 8388608,
  /** bytes that all dictionaries of a recipe may have together, whatever its size */
  dictionariesBytesMin: 65536,
  /** more of them for each byte of the content */
  dictionariesTimesMax: 8,
  /** chunks in one chunks record */
  chunksMax: 262144,
  /** pairs of times in a touch */
  touchPairsMax: 4096,
  /** records in one frame */
  recordsPerFrameMax: 16384,
  /** MessagePack values in the records of one frame: arrays, maps, keys and all that they hold */
  frameValuesMax: 262144,
  /** bytes of one text field of the header */
  textBytesMax: 65536,
  /** bytes of one line of NDJSON (appendix A) */
  lineBytesMax: 134217728,
  /** elements of one list of the header */
  listMax: 4096,
  /** largest size or count: 2^53 - 1 */
  sizeMax: 9007199254740991,
} as const

export type ColumnType = 'u8' | 'u16' | 'u32' | 'u64' | 'i64' | 'id' | 'bytes'

export const entriesColumns = [
  { name: 'kind', type: 'u8', coding: 'plain' },
  { name: 'mode', type: 'u16', coding: 'plain' },
  { name: 'uid', type: 'u32', coding: 'plain' },
  { name: 'gid', type: 'u32', coding: 'plain' },
  { name: 'size', type: 'u64', coding: 'plain' },
  { name: 'mtimeSec', type: 'i64', coding: 'delta' },
  { name: 'mtimeNsec', type: 'u32', coding: 'plain' },
  { name: 'rdevMajor', type: 'u32', coding: 'plain' },
  { name: 'rdevMinor', type: 'u32', coding: 'plain' },
  { name: 'content', type: 'id', coding: 'plain' },
  { name: 'target', type: 'bytes', coding: 'plain' },
  { name: 'link', type: 'bytes', coding: 'plain' },
  { name: 'moved', type: 'bytes', coding: 'plain' },
  { name: 'xattrs', type: 'bytes', coding: 'plain' },
] as const

export const hintsColumns = [
  { name: 'ino', type: 'u64', coding: 'delta' },
  { name: 'devMajor', type: 'u32', coding: 'plain' },
  { name: 'devMinor', type: 'u32', coding: 'plain' },
  { name: 'ctimeSec', type: 'i64', coding: 'mtimeSec' },
  { name: 'ctimeNsec', type: 'u32', coding: 'mtimeNsec' },
  { name: 'nlink', type: 'u32', coding: 'plain' },
  { name: 'racy', type: 'u8', coding: 'plain' },
  { name: 'holes', type: 'bytes', coding: 'plain' },
] as const

/** Names of the fields of each record, in their order. */
export const recordFields = {
  header: ['tool', 'host', 'root', 'rootDevMajor', 'rootDevMinor', 'rootIno', 'digest', 'xattrs', 'trustedHidden', 'filters', 'level', 'data', 'dataBefore', 'ignored', 'comment', 'features'],
  rows: ['count', 'dirCount', 'dirShared', 'dirLengths', 'dirBytes', 'dirRows', 'nameShared', 'nameLengths', 'nameBytes', 'after', 'before', 'seen', 'state'],
  hints: ['after', 'before', 'seen'],
  owners: ['userCount', 'uids', 'userNamesLengths', 'userNamesBytes', 'groupCount', 'gids', 'groupNamesLengths', 'groupNamesBytes'],
  content: ['id', 'size', 'offset', 'bytes'],
  recipe: ['id', 'size', 'literals', 'count', 'from', 'offset', 'length', 'path', 'pathCount', 'pathsLengths', 'pathsBytes', 'squeezeCount', 'squeezeBytes', 'squeezeRanges'],
  chunks: ['id', 'count', 'lengths', 'ids'],
  problem: ['path', 'code', 'phase', 'detail'],
  optional: ['value'],
  touch: ['fileCount', 'digest', 'count', 'before', 'after'],
  end: ['rowCount', 'contentCount', 'contentBytes', 'problemCount', 'judgedByTime', 'from', 'to', 'hash'],
} as const

export const phases = ['scan', 'diff', 'pack', 'plan', 'apply'] as const

export const formatRules = {
  'not-a-changeset': 'R-3.1',
  'unknown-version': 'R-3.2',
  'unknown-kind': 'R-3.3',
  'truncated': 'R-3.4',
  'bad-frame': 'R-3.5',
  'frame-too-large': 'R-3.6',
  'bad-zstd': 'R-3.7',
  'head-mismatch': 'R-3.8',
  'digest-mismatch': 'R-3.9',
  'misplaced-frame': 'R-3.10',
  'end-mismatch': 'R-3.11',
  'index-mismatch': 'R-3.12',
  'trailing-bytes': 'R-3.13',
  'bad-record': 'R-4.1',
  'unknown-record': 'R-4.2',
  'unknown-field': 'R-4.3',
  'bad-field': 'R-4.4',
  'unknown-feature': 'R-4.5',
  'too-many-rows': 'R-5.1',
  'bad-column': 'R-5.2',
  'bad-value': 'R-5.3',
  'bad-attribute': 'R-5.4',
  'bad-xattrs': 'R-5.5',
  'bad-holes': 'R-5.6',
  'bad-link': 'R-5.7',
  'bad-name': 'R-6.1',
  'path-too-long': 'R-6.2',
  'out-of-order': 'R-6.3',
  'wrong-side': 'R-6.4',
  'bad-owners': 'R-6.5',
  'bad-content': 'R-7.1',
  'content-mismatch': 'R-7.2',
  'bad-recipe': 'R-7.3',
  'bad-chunks': 'R-7.4',
  'unneeded-content': 'R-7.5',
  'bad-touch': 'R-7.6',
} as const

export type FormatCode = keyof typeof formatRules

export const problemCodes = {
  'unreadable': 'the entry could not be read (permission or I/O)',
  'vanished': 'the entry was listed and then gone',
  'changed': 'the entry changed while it was read, or since it was scanned',
  'xattrs-unreadable': 'its extended attributes could not be read',
  'other-filesystem': 'a mount point: it is not entered',
  'too-large': 'something of it is over a limit of the format',
  'not-kept': 'something of it cannot be kept at this target',
  'cannot-hold': 'the target\'s filesystem cannot hold it',
  'missing-content': 'its content is neither in the stream nor at hand',
  'conflict': 'the target is not what the changeset expects',
  'refused': 'it is refused, by a flag or a limit',
  'filtered': 'entries that the filters of one snapshot leave out were not compared',
  'failed': 'the system refused a step',
} as const

export type ProblemCode = keyof typeof problemCodes
