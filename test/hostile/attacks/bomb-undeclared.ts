/** A zstd frame that does not say how many bytes it has: a gigabyte. */
import { type Attack, fileEntry, row } from '../../support/attack.ts'
import { bomb, streamWithBomb } from '../../support/bomb.ts'

export const attack: Attack = {
  stream: () => streamWithBomb(row('a', { after: fileEntry('bytes') }), bomb(8192, null), 1 << 24),
  ends: { error: 'bad-zstd' },
}
