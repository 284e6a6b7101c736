/** Invalid streams: another magic frame, and streams that end early (rules ). */
import { fileRow, root, snapshot } from './common.mjs'
import { bytesOf, lengthOf, piece, slicePieces } from './pieces.mjs'

const magic = { part: 'magic' }
const small = (options, change) => snapshot([root, fileRow('a')], options, change)
/** Replaces bytes of the magic frame. */
const patched = (at, ...bytes) =>
  small(
    {},
    {
      magic: (pieces) => [
        piece(
          Buffer.concat([
            bytesOf(pieces).subarray(0, at),
            Buffer.from(bytes),
            bytesOf(pieces).subarray(at + bytes.length),
          ]),
        ),
      ],
    },
  )
/** A stream that is nothing but these bytes. */
const only = (bytes) => ({ pieces: [piece(bytes)], offsets: { magic: 0 } })
/** The stream up to `bytes` bytes into the part that begins at `of`. */
const cut = (of, bytes) => {
  const whole = small()
  return { ...whole, pieces: slicePieces(whole.pieces, 0, (whole.offsets[of] ?? lengthOf(whole.pieces)) + bytes) }
}

/** [name, code, where, what is wrong, the stream]. */
export const invalidMagic = [
  [
    'magic-text',
    'not-a-changeset',
    magic,
    'A text.',
    () => only(Buffer.from('#!/bin/sh\necho this is no changeset\n')),
  ],
  ['magic-short-text', 'not-a-changeset', magic, 'Three bytes that begin no stream.', () => only(Buffer.from('abc'))],
  [
    'magic-zstd',
    'not-a-changeset',
    magic,
    'A zstd file of something else.',
    () => only(Buffer.from('28b52ffd0403', 'hex')),
  ],
  [
    'magic-other-skippable',
    'not-a-changeset',
    magic,
    'The skippable frame of another format.',
    () => patched(8, 0x50, 0x4b),
  ],
  ['magic-length', 'not-a-changeset', magic, 'The magic frame says that it has 9 bytes.', () => patched(4, 9)],
  ['version-0', 'unknown-version', magic, 'Version 0.', () => patched(12, 0)],
  ['version-2', 'unknown-version', magic, 'Version 2.', () => patched(12, 2)],
  ['version-reserved', 'unknown-version', magic, 'A reserved bit of the magic frame is set.', () => patched(15, 0x80)],
  ['kind-0', 'unknown-kind', magic, 'Stream kind 0.', () => patched(13, 0)],
  ['kind-5', 'unknown-kind', magic, 'Stream kind 5.', () => patched(13, 5)],
  ['kind-255', 'unknown-kind', magic, 'Stream kind 255.', () => patched(13, 255)],
  ['truncated-empty', 'truncated', magic, 'No byte at all.', () => only(Buffer.alloc(0))],
  ['truncated-magic', 'truncated', magic, 'The stream ends in its magic frame.', () => cut('magic', 15)],
  ['truncated-no-header', 'truncated', { byte: 16 }, 'The stream ends behind its magic frame.', () => cut('magic', 16)],
  ['truncated-head', 'truncated', 1, 'The stream ends in a head frame.', () => cut(1, 30)],
  ['truncated-data', 'truncated', 1, 'The stream ends one byte before the end of a data frame.', () => cut(2, -1)],
  ['truncated-no-end', 'truncated', 2, 'The stream ends between two frames: there is no end record.', () => cut(2, 0)],
  [
    'truncated-no-index',
    'truncated',
    { part: 'index' },
    'The stream ends behind its end record.',
    () => cut('index', 0),
  ],
  ['truncated-index', 'truncated', { part: 'index' }, 'The stream ends in its index.', () => cut('seek', -1)],
  ['truncated-no-seek-table', 'truncated', { part: 'seek' }, 'The stream ends behind its index.', () => cut('seek', 0)],
  [
    'truncated-seek-table',
    'truncated',
    { part: 'seek' },
    'The stream ends one byte before the end of its seek table.',
    () => cut('tail', -1),
  ],
]
