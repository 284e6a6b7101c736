/** Mode, owner and times of a symlink: those of the file that it leads to are not its own. */
import { type Attack, row, rows, symlinkEntry } from '../../support/attack.ts'
import { symlink } from '../../support/disk-tree.ts'

export const attack: Attack = {
  target: [['way', symlink('../outside/secret')]],
  stream: () => [
    rows(
      row('way', {
        before: symlinkEntry('../outside/secret'),
        after: symlinkEntry('../outside/secret', { mode: 0o777, mtimeSec: 1 }),
      }),
    ),
  ],
  ends: { outcome: 'applied' },
}
