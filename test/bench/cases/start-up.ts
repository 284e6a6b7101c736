/** What a tiny job costs: the version, and ten files through three commands. */
import { atMost, type Case, defineCase, side } from '../case.ts'

const versionCase = defineCase({
  name: 'start-version',
  title: 'start-up: fsscan --version',
  corpora: [],
  runs: 25,
  sides: [
    side('fsscan --version', 'fsscan --version > $W/version', { needs: ['fsscan'] }),
    side('node -e 0', 'node -e 0'),
    side('find', 'find --version > $W/version', { needs: ['find'] }),
  ],
  targets: [atMost({ issue: 5, metric: 'seconds', side: 'fsscan --version', limit: 1.25 }, 'node -e 0')],
})

function pipelineInto(target: string) {
  return side(
    target === '$SHM/target' ? 'pipeline' : 'pipeline, disk',
    `fsscan $TEN | fsdiff $W/empty.cs | fsapply ${target}`,
    {
      needs: ['fsscan', 'fsdiff', 'fsapply'],
      setup: 'fsscan $EMPTY > $W/empty.cs',
      prepare: `rm -rf ${target}; mkdir ${target}; touch -r $EMPTY ${target}`,
      check: `rsync -nai -c --delete $TEN/ ${target}/`,
    },
  )
}

/** Into memory, because making three small steps durable on a disk costs what the disk costs. */
const tenCase = defineCase({
  name: 'start-ten',
  title: 'ten files of 10 kB through the pipeline',
  corpora: ['ten', 'empty'],
  runs: 25,
  sides: [
    pipelineInto('$SHM/target'),
    pipelineInto('$W/target'),
    side('node -e 0', 'node -e 0'),
    side('three nodes', 'node -e 0 | node -e 0 | node -e 0'),
    side('rsync -a', 'rsync -a $TEN/ $W/copy/', { needs: ['rsync'], prepare: 'rm -rf $W/copy; mkdir $W/copy' }),
  ],
  targets: [
    atMost({ issue: 5, metric: 'seconds', side: 'pipeline', limit: 2 }, 'node -e 0'),
    atMost({ issue: 2, metric: 'seconds', side: 'pipeline', limit: 2.5 }, 'node -e 0'),
  ],
})

export const startUpCases: Case[] = [versionCase, tenCase]
