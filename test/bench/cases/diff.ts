/** Two snapshot files of a large tree in which a hundred files changed; a million files under new names. */
import { atMost, atMostAlone, atMostOver, type Case, defineCase, side } from '../case.ts'

/**
 * Runs `before`, gives a hundred files spread over the tree a new mtime, runs `after`, and puts the old times back,
 * whatever happens.
 */
function aroundTouches(before: string, after: string): string {
  return `set -e
${before}
rm -rf $W/times; mkdir $W/times
total=$(find $FILES_1M -type f | wc -l)
find $FILES_1M -type f | awk -v step=$((total / 100)) 'NR % step == 1' > $W/times/paths
restore() { n=0; while read -r path; do n=$((n + 1)); [ -e $W/times/$n ] && touch -r $W/times/$n "$path"; done < $W/times/paths; }
trap restore EXIT
n=0; while read -r path; do n=$((n + 1)); touch -r "$path" $W/times/$n; touch "$path"; done < $W/times/paths
${after}`
}

const diffCase = defineCase({
  name: 'diff-1m',
  title: 'fsdiff of two snapshots of 1,000,000 files, 100 changed',
  corpora: ['files-1m'],
  sides: [
    side('fsdiff', 'fsdiff --no-data $W/old.cs $W/new.cs > $W/diff.cs', {
      needs: ['fsscan', 'fsdiff --no-data'],
      setup: aroundTouches('fsscan $FILES_1M > $W/old.cs', 'fsscan $FILES_1M > $W/new.cs'),
      produces: '$W/diff.cs',
    }),
    side('fsdiff, piped', 'cat $W/new.cs | fsdiff --no-data $W/old.cs > $W/diff.cs', {
      needs: ['fsscan', 'fsdiff --no-data'],
      produces: '$W/diff.cs',
    }),
    side('diff', 'diff $W/old.mtree $W/new.mtree > $W/diff.txt || [ $? = 1 ]', {
      needs: ['mtree'],
      setup: aroundTouches('mtree -c -p $FILES_1M > $W/old.mtree', 'mtree -c -p $FILES_1M > $W/new.mtree'),
      produces: '$W/diff.txt',
    }),
    side('mtree -f -f', 'mtree -f $W/old.mtree -f $W/new.mtree > $W/mtree.txt || [ $? = 2 ]', {
      needs: ['mtree'],
      produces: '$W/mtree.txt',
    }),
  ],
  targets: [
    atMost({ issue: 5, metric: 'seconds', side: 'fsdiff', limit: 0.05 }, 'diff'),
    atMost({ issue: 5, metric: 'seconds', side: 'fsdiff', limit: 0.05 }, 'mtree -f -f'),
    atMostAlone({ issue: 2, metric: 'seconds', side: 'fsdiff', limit: 1 }),
  ],
})

const renamedCase = defineCase({
  name: 'diff-renamed-1m',
  title: 'fsdiff of 1,000,000 files that all have a new name',
  full: true,
  runs: 1,
  corpora: ['files-1m', 'renamed-1m'],
  sides: [
    side('fsdiff', 'fsdiff --no-data $W/old.cs $W/new.cs > $W/moves.cs', {
      needs: ['fsscan --hash', 'fsdiff --no-data --no-moves'],
      setup: 'fsscan --hash $FILES_1M > $W/old.cs && fsscan --hash $RENAMED_1M > $W/new.cs',
      produces: '$W/moves.cs',
    }),
    side('fsdiff --no-moves', 'fsdiff --no-data --no-moves $W/old.cs $W/new.cs > $W/plain.cs', {
      needs: ['fsscan --hash', 'fsdiff --no-data --no-moves'],
      produces: '$W/plain.cs',
    }),
  ],
  targets: [atMostOver({ issue: 3, metric: 'seconds', side: 'fsdiff', limit: 3 }, 'fsdiff --no-moves')],
})

export const diffCases: Case[] = [diffCase, renamedCase]
