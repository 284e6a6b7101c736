/** What a stream holds once decoded (spec §7): a header, then items in order, then the end. */
import type { Batch } from './batch.ts'
import type { Problem } from './problem.ts'
import type { Touch } from './touch.ts'

export type StreamKind = 'snapshot' | 'changeset' | 'plan' | 'receipt'

/** Who wrote the stream, of what, and how (spec §7.1). Complete: absent fields of the record have their defaults here. */
export type Header = {
  kind: StreamKind
  /** Program and version that wrote it. */
  tool: string
  /** Node name of the host whose tree it is; empty where unknown. */
  host: string
  /** Absolute path of the tree's root on that host; empty where unknown. */
  root: Uint8Array
  /** What tells that tree from another at the same path: the root's device and inode number; null where unknown. */
  rootId: { devMajor: number; devMinor: number; ino: bigint } | null
  /** How content ids were taken: for every regular file, or for none that was not needed. */
  digest: 'none' | 'blake3'
  /** Whether xattrs were read. */
  xattrs: boolean
  /** Whether those of the trusted namespace could not be seen: they are shown to the superuser only. */
  trustedHidden: boolean
  /** Filter rules in the order they were given, each as spec §7.1.2 says. */
  filters: string[]
  /** zstd level that the frames were written at. */
  level: number
  /** Whether the contents that the rows need are in the stream. */
  data: boolean
  /** Whether the contents that the rows of the inverse need are in the stream, too. */
  dataBefore: boolean
  /** What the diff ignored: names of columns. */
  ignored: string[]
  /** Free text of the one who recorded it. */
  comment: string
  /** Features that a reader must know (spec §10). */
  features: string[]
}

/** A piece of a content: bytes of the regular file that `id` names, from `offset` (spec §7.3). Pieces come in order. */
export type ContentPiece = {
  id: Uint8Array
  /** Size of the whole content in bytes. */
  size: number
  offset: number
  bytes: Uint8Array
}

/** Bytes of a file of the tree before or of the tree after. */
export type CopyRange = { from: 'before' | 'after'; path: Uint8Array; offset: number; length: number }

/** One range of a recipe: `length` bytes of the new content, in order. */
export type RecipeRange = { from: 'literal'; length: number } | { from: 'zeros'; length: number } | CopyRange

/** The next part of a recipe's literals as it is sent: a zstd frame of `bytes` bytes, its dictionary what the ranges copy. */
export type Squeeze = { bytes: number; ranges: CopyRange[] }

/**
 * How to build a content without its bytes (spec §7.4): ranges copied from a file of the tree before or of the tree
 * after, literal ranges, which take the bytes of the content `literals` one after the other, and zeros.
 */
export type Recipe = {
  id: Uint8Array
  size: number
  /** Id of the content that the literal ranges consume, sent after the recipe; empty where there are none. */
  literals: Uint8Array
  ranges: RecipeRange[]
  /** How that content is made into the literal bytes; none where it is those. */
  squeezes: Squeeze[]
}

/** The chunk list of a content (spec §7.5): ends of the chunks and their ids (16 bytes each). */
export type Chunks = { id: Uint8Array; ends: Float64Array; ids: Uint8Array }

/** Totals and ids (spec §7.7). Without it a stream is truncated. */
export type End = {
  rowCount: number
  contentCount: number
  contentBytes: number
  problemCount: number
  /** Contents that were judged by size and time only. */
  judgedByTime: number
  /** Tree id that the rows lead from; empty where unknown. 32 bytes. */
  from: Uint8Array
  /** Tree id that the rows lead to; empty where unknown. */
  to: Uint8Array
}

export type Item =
  | { kind: 'header'; header: Header }
  /** Directly behind the header, or nowhere. */
  | { kind: 'touch'; touch: Touch }
  | { kind: 'rows'; batch: Batch }
  /** Verified: whoever gives the item has hashed the content, and gives its last piece only where the id is right. */
  | { kind: 'content'; piece: ContentPiece; isVerified: boolean }
  | { kind: 'recipe'; recipe: Recipe }
  | { kind: 'chunks'; chunks: Chunks }
  | { kind: 'problem'; problem: Problem }
  | { kind: 'optional'; name: string; value: Uint8Array }
  | { kind: 'end'; end: End }
