/** The whole pipeline and the plan where nothing changed. */
import { atMost, type Case, defineCase, side } from '../case.ts'

const nothingChanged = defineCase({
  name: 'nothing-changed-1m',
  title: 'the whole pipeline, nothing changed in 1,000,000 files',
  corpora: ['files-1m', 'copy-1m'],
  warm: [
    { corpus: 'files-1m', contents: false },
    { corpus: 'copy-1m', contents: false },
  ],
  sides: [
    side('pipeline', 'fsscan $THREADS $FILES_1M | fsdiff $W/old.cs | fsapply $COPY_1M', {
      needs: ['fsscan', 'fsdiff', 'fsapply'],
      setup: 'fsscan $FILES_1M > $W/old.cs',
    }),
    side('rsync -a', 'rsync -a $FILES_1M/ $COPY_1M/', { needs: ['rsync'] }),
  ],
  targets: [
    atMost({ issue: 5, metric: 'seconds', side: 'pipeline', limit: 0.3 }, 'rsync -a'),
    atMost({ issue: 2, metric: 'seconds', side: 'pipeline', limit: 0.6 }, 'rsync -a'),
  ],
})

const planCase = defineCase({
  name: 'plan-1m',
  title: 'fsplan of 1,000,000 rows that all hold already',
  corpora: ['files-1m', 'copy-1m'],
  warm: [{ corpus: 'copy-1m', contents: false }],
  sides: [
    side('fsplan', 'fsplan $COPY_1M < $W/all.cs > $W/plan.cs', {
      needs: ['fsscan', 'fsplan'],
      setup: 'fsscan $FILES_1M > $W/all.cs',
      produces: '$W/plan.cs',
    }),
    side('fsscan', 'fsscan $THREADS $COPY_1M > $W/scan.cs', { needs: ['fsscan'] }),
  ],
  targets: [atMost({ issue: 4, metric: 'seconds', side: 'fsplan', limit: 1.3 }, 'fsscan')],
})

export const pipelineCases: Case[] = [nothingChanged, planCase]
