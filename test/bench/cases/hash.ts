/** Content ids of a whole source tree, taken anew and taken over from an older snapshot. */
import { atMost, type Case, defineCase, side } from '../case.ts'

const filesOf = 'find $SOURCE_TREE -type f -print0'

const hashCase = defineCase({
  name: 'hash',
  title: 'fsscan --hash of a Linux source tree',
  corpora: ['source-tree'],
  warm: [{ corpus: 'source-tree', contents: true }],
  sides: [
    side('fsscan --hash', 'fsscan --hash $THREADS $SOURCE_TREE > $W/hash.cs', {
      needs: ['fsscan --hash'],
      produces: '$W/hash.cs',
    }),
    side('sha256sum', `${filesOf} | xargs -0 -P2 -n 500 sha256sum > $W/sha256`, { needs: ['sha256sum'] }),
    side('rsync -c dry run', 'rsync -acn $SOURCE_TREE/ $W/nothing/', {
      needs: ['rsync'],
      setup: 'mkdir $W/nothing',
    }),
    side('rsync -c onto itself', 'rsync -acn $SOURCE_TREE/ $SOURCE_TREE/', { needs: ['rsync'] }),
    side('b3sum', `${filesOf} | xargs -0 b3sum > $W/b3`, { needs: ['b3sum'] }),
    side('b3sum -P2', `${filesOf} | xargs -0 -P2 -n 500 b3sum --num-threads 1 > $W/b3`, { needs: ['b3sum'] }),
    side('casync digest', 'casync digest $SOURCE_TREE > $W/casync', { needs: ['casync'] }),
  ],
  targets: [
    atMost({ issue: 5, metric: 'seconds', side: 'fsscan --hash', limit: 0.6 }, 'sha256sum'),
    atMost({ issue: 5, metric: 'seconds', side: 'fsscan --hash', limit: 0.25 }, 'rsync -c dry run'),
    atMost({ issue: 5, metric: 'seconds', side: 'fsscan --hash', limit: 0.25 }, 'rsync -c onto itself'),
    atMost({ issue: 5, metric: 'seconds', side: 'fsscan --hash', limit: 1.2 }, 'b3sum', 'b3sum -P2'),
  ],
})

const reuseCase = defineCase({
  name: 'hash-reuse',
  title: 'fsscan --hash --reuse of a Linux source tree in which nothing changed',
  corpora: ['source-tree'],
  warm: [{ corpus: 'source-tree', contents: false }],
  runs: 5,
  sides: [
    side('fsscan --reuse', 'fsscan --hash --reuse $W/old.cs $THREADS $SOURCE_TREE > $W/new.cs', {
      needs: ['fsscan --hash --reuse'],
      setup: 'fsscan --hash $SOURCE_TREE > $W/old.cs',
      produces: '$W/new.cs',
    }),
    side('fsscan', 'fsscan $THREADS $SOURCE_TREE > $W/plain.cs', { needs: ['fsscan'], produces: '$W/plain.cs' }),
    side('restic, again', 'restic -q -r $W/restic backup $SOURCE_TREE', {
      needs: ['restic'],
      setup: 'restic -q -r $W/restic init && restic -q -r $W/restic backup $SOURCE_TREE',
    }),
    side('borg, again', 'borg create $W/borg::{now:%s%f} $SOURCE_TREE', {
      needs: ['borg'],
      setup: 'borg init -e none $W/borg && borg create $W/borg::first $SOURCE_TREE',
    }),
  ],
  targets: [atMost({ issue: 5, metric: 'seconds', side: 'fsscan --reuse', limit: 1.3 }, 'fsscan')],
})

export const hashCases: Case[] = [hashCase, reuseCase]
