/** A frame that announces four gigabytes, and has them. */
import { type Attack, fileEntry, row } from '../../support/attack.ts'
import { bomb, streamWithBomb } from '../../support/bomb.ts'

export const attack: Attack = {
  stream: () => streamWithBomb(row('a', { after: fileEntry('bytes') }), bomb(32_768, 2 ** 32 - 1), 2 ** 32 - 1),
  ends: { error: 'frame-too-large' },
}
