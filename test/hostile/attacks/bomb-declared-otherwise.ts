/** A frame that announces little, of a zstd frame that declares a gigabyte. */
import { type Attack, fileEntry, row } from '../../support/attack.ts'
import { bomb, streamWithBomb } from '../../support/bomb.ts'

export const attack: Attack = {
  stream: () => streamWithBomb(row('a', { after: fileEntry('bytes') }), bomb(8192, 2 ** 30), 100),
  ends: { error: 'bad-zstd' },
}
