/** A content of petabytes of which the first bytes are sent. */
import { hashBytes } from '../../../src/host/native/blake3.ts'
import { type Attack, bytesOf, fileEntry, row, rows } from '../../support/attack.ts'

export const attack: Attack = {
  stream: () => [
    rows(row('a', { after: fileEntry('x', { size: 2 ** 52 }) })),
    {
      kind: 'content',
      piece: { id: hashBytes(bytesOf('x')), size: 2 ** 52, offset: 0, bytes: bytesOf('x') },
      isVerified: false,
    },
  ],
  ends: { error: 'bad-content' },
}
