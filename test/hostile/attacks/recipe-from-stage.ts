/** A recipe that copies from the stage of the apply itself, by a name that it cannot know. */
import { type Attack, bytesOf, fileEntry, recipe, row, rows } from '../../support/attack.ts'

export const attack: Attack = {
  stream: () => [
    rows(row('a', { after: fileEntry('secret') })),
    recipe('secret', [{ from: 'before', path: bytesOf('.fsapply-x/journal'), offset: 0, length: 6 }]),
  ],
  ends: { outcome: 'conflicts' },
}
