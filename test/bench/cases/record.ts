/** A whole tree with its contents into one file or repository: no figure to reach, but what people compare. */
import { type Case, defineCase, side } from '../case.ts'

const recordCase = defineCase({
  name: 'record',
  title: 'a Linux source tree recorded with all its contents',
  full: true,
  corpora: ['source-tree'],
  warm: [{ corpus: 'source-tree', contents: true }],
  sides: [
    side('scan, pack', 'fsscan $THREADS $SOURCE_TREE | fspack $SOURCE_TREE > $W/all.cs', {
      needs: ['fsscan', 'fspack'],
      produces: '$W/all.cs',
    }),
    side('tar, zstd', 'tar cf - -C $SOURCE_TREE . | zstd -3 -T0 -q > $W/all.tar.zst', {
      needs: ['tar', 'zstd'],
      produces: '$W/all.tar.zst',
    }),
    side('casync make', 'casync make --store=$W/store.castr $W/tree.caidx $SOURCE_TREE > $W/id', {
      needs: ['casync'],
      prepare: 'rm -rf $W/store.castr $W/tree.caidx',
      produces: '$W/store.castr',
    }),
    side('restic', 'restic -q -r $W/restic backup $SOURCE_TREE', {
      needs: ['restic'],
      prepare: 'rm -rf $W/restic && restic -q -r $W/restic init',
      produces: '$W/restic',
    }),
    side('borg, zstd', 'borg create -C zstd,3 $W/borg::tree $SOURCE_TREE', {
      needs: ['borg'],
      prepare: 'rm -rf $W/borg $BORG_BASE_DIR && borg init -e none $W/borg',
      produces: '$W/borg',
    }),
  ],
})

export const recordCases: Case[] = [recordCase]
