/** A frame that announces a hundred bytes, and has a gigabyte. */
import { type Attack, fileEntry, row } from '../../support/attack.ts'
import { bomb, streamWithBomb } from '../../support/bomb.ts'

export const attack: Attack = {
  stream: () => streamWithBomb(row('a', { after: fileEntry('bytes') }), bomb(8192, 100), 100),
  ends: { error: 'bad-zstd' },
}
