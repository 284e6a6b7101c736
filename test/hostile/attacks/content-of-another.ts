/** Bytes that are not those that the row names. */
import { hashBytes } from '../../../src/host/native/blake3.ts'
import { type Attack, bytesOf, fileEntry, row, rows } from '../../support/attack.ts'

export const attack: Attack = {
  stream: () => [
    rows(row('a', { after: fileEntry('wanted') })),
    {
      kind: 'content',
      piece: { id: hashBytes(bytesOf('wanted')), size: 6, offset: 0, bytes: bytesOf('evil!!') },
      isVerified: false,
    },
  ],
  ends: { error: 'content-mismatch' },
}
