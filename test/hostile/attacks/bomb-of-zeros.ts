/** A frame of the largest size, of zeros: it is no record. */
import { type Attack, fileEntry, row } from '../../support/attack.ts'
import { bomb, streamWithBomb } from '../../support/bomb.ts'

export const attack: Attack = {
  stream: () => streamWithBomb(row('a', { after: fileEntry('bytes') }), bomb(128, 1 << 24), 1 << 24),
  ends: { error: 'bad-zstd' },
}
