/** System calls a file, which no busy machine can blur. */
import { atMostAlone, type Case, defineCase, side } from '../case.ts'

const units = 'find $TREE -type f | wc -l'

const scanCalls = defineCase({
  name: 'calls-scan',
  title: 'system calls a file of a scan',
  measures: 'calls',
  corpora: ['files-100k'],
  sides: [
    side('fsscan', 'fsscan $TREE > $W/scan.cs', { needs: ['strace', 'fsscan'], units }),
    side('fsscan --no-xattrs', 'fsscan --no-xattrs $TREE > $W/scan.cs', {
      needs: ['strace', 'fsscan --no-xattrs'],
      units,
    }),
    side('fsscan -t1', 'fsscan --threads 1 $TREE > $W/scan.cs', { needs: ['strace', 'fsscan --threads'], units }),
    side('find', "find $TREE -printf '%p %s %T@ %i\\n' > $W/find", { needs: ['strace', 'find'], units }),
    side('rsync -an', 'rsync -an $TREE/ $W/nothing/', { needs: ['strace', 'rsync'], setup: 'mkdir $W/nothing', units }),
  ],
  targets: [
    atMostAlone({ issue: 5, metric: 'calls', side: 'fsscan', limit: 1.1, perUnit: true }),
    atMostAlone({ issue: 5, metric: 'calls', side: 'fsscan --no-xattrs', limit: 1.1, perUnit: true }),
  ],
})

const words = { prepare: 'rm -rf $W/target; mkdir $W/target', units }

const applyCalls = defineCase({
  name: 'calls-apply',
  title: 'system calls a new file of 1 KiB',
  measures: 'calls',
  corpora: ['files-10k'],
  sides: [
    side('fsapply', 'fsapply $W/target < $W/all.cs', {
      ...words,
      needs: ['strace', 'fsscan', 'fspack', 'fsapply'],
      setup: 'fsscan $TREE | fspack $TREE > $W/all.cs',
    }),
    side('tar x', 'tar xf $W/all.tar -C $W/target', {
      ...words,
      needs: ['strace', 'tar'],
      setup: 'tar cf $W/all.tar -C $TREE .',
    }),
    side('rsync -a', 'rsync -a $TREE/ $W/target/', { ...words, needs: ['strace', 'rsync'] }),
  ],
  targets: [atMostAlone({ issue: 5, metric: 'calls', side: 'fsapply', limit: 6.5, perUnit: true })],
})

export const systemCallCases: Case[] = [scanCalls, applyCalls]
