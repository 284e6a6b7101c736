/** A frame whose window is two gigabytes. */
import { type Attack, fileEntry, row } from '../../support/attack.ts'
import { bomb, streamWithBomb } from '../../support/bomb.ts'

export const attack: Attack = {
  stream: () => streamWithBomb(row('a', { after: fileEntry('bytes') }), bomb(1, 1 << 17, 0xa8), 1 << 17),
  ends: { error: 'bad-zstd' },
}
