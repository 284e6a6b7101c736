/** Bytes of a snapshot beside the text that mtree writes, squeezed as far as zstd goes in reason. */
import { atMost, type Case, defineCase, side } from '../case.ts'

function snapshotSize(corpus: string, full: boolean): Case {
  const tree = `$${corpus.toUpperCase().replace('-', '_')}`
  return defineCase({
    name: `snapshot-size-${corpus}`,
    title: 'bytes of a snapshot, inode hints included',
    full,
    runs: 1,
    corpora: [corpus],
    sides: [
      side('fsscan', `fsscan $THREADS ${tree} > $W/snapshot.cs`, { needs: ['fsscan'], produces: '$W/snapshot.cs' }),
      side('mtree, zstd -19', `mtree -c -p ${tree} | zstd -19 -T0 -q > $W/mtree.zst`, {
        needs: ['mtree', 'zstd'],
        produces: '$W/mtree.zst',
      }),
      side('find, zstd -19', `find ${tree} -printf '%P %y %m %U %G %s %T@ %l\\n' | zstd -19 -T0 -q > $W/find.zst`, {
        needs: ['find', 'zstd'],
        produces: '$W/find.zst',
      }),
    ],
    targets: [atMost({ issue: 5, metric: 'bytes', side: 'fsscan', limit: 1 }, 'mtree, zstd -19')],
  })
}

export const snapshotSizeCases: Case[] = [
  snapshotSize('files-100k', false),
  snapshotSize('source-tree', false),
  snapshotSize('files-1m', true),
]
