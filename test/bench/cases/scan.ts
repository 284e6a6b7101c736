/** Scans of trees of small files beside the programs that list trees, at three sizes. */
import { atMost, atMostAlone, type Case, defineCase, type Side, side } from '../case.ts'

const MB = 1e6

/** Everything that lists a tree, for one corpus; names carry the size so that two sizes fit into one case. */
function listers(corpus: string, label: string): Side[] {
  const tree = `$${corpus.toUpperCase().replace('-', '_')}`
  const units = `find ${tree} -type f | wc -l`
  return [
    side(`fsscan ${label}`, `fsscan $THREADS ${tree} > $W/${label}.cs`, {
      needs: ['fsscan'],
      produces: `$W/${label}.cs`,
      units,
    }),
    side(`fsscan --no-xattrs ${label}`, `fsscan --no-xattrs $THREADS ${tree} > $W/${label}.cs`, {
      needs: ['fsscan --no-xattrs'],
      produces: `$W/${label}.cs`,
      units,
    }),
    side(`fsscan -t1 ${label}`, `fsscan --threads 1 ${tree} > $W/${label}.cs`, {
      needs: ['fsscan --threads'],
      produces: `$W/${label}.cs`,
      units,
    }),
    side(`find ${label}`, `find ${tree} -printf '%p %s %T@ %i\\n' > $W/${label}.find`, {
      needs: ['find'],
      produces: `$W/${label}.find`,
      units,
    }),
    side(`rsync -an ${label}`, `rsync -an ${tree}/ $W/nothing/`, {
      needs: ['rsync'],
      setup: 'mkdir -p $W/nothing',
      units,
    }),
    side(`mtree -c ${label}`, `mtree -c -p ${tree} > $W/${label}.mtree`, {
      needs: ['mtree'],
      produces: `$W/${label}.mtree`,
      units,
    }),
  ]
}

const [ours100k, , , find100k] = listers('files-100k', '100k') as [Side, Side, Side, Side]
const [ours1m] = listers('files-1m', '1m') as [Side]

function flat(small: string, large: string) {
  const words = { side: `fsscan ${large}`, perUnit: true }
  return [
    atMost({ ...words, issue: 5, metric: 'seconds', limit: 1.15 }, `fsscan ${small}`),
    atMost({ issue: 2, metric: 'memory', side: `fsscan ${large}`, limit: 1.2 }, `fsscan ${small}`),
    atMostAlone({ issue: 5, metric: 'memory', side: `fsscan ${large}`, limit: 140 * MB }),
  ]
}

export const scanCases: Case[] = [
  defineCase({
    name: 'scan-100k',
    title: 'fsscan of 100,000 files',
    corpora: ['files-100k'],
    warm: [{ corpus: 'files-100k', contents: false }],
    runs: 5,
    sides: listers('files-100k', '100k'),
  }),
  defineCase({
    name: 'scan-1m',
    title: 'fsscan of 1,000,000 files in 10,000 folders',
    corpora: ['files-1m', 'files-100k'],
    warm: [
      { corpus: 'files-1m', contents: false },
      { corpus: 'files-100k', contents: false },
    ],
    sides: [...listers('files-1m', '1m'), ours100k, find100k],
    targets: [
      atMost({ issue: 5, metric: 'seconds', side: 'fsscan 1m', limit: 0.65 }, 'find 1m'),
      atMost({ issue: 5, metric: 'seconds', side: 'fsscan 1m', limit: 0.45 }, 'rsync -an 1m'),
      atMost({ issue: 5, metric: 'seconds', side: 'fsscan 1m', limit: 0.6 }, 'mtree -c 1m'),
      atMost({ issue: 2, metric: 'seconds', side: 'fsscan 1m', limit: 1 }, 'find 1m'),
      atMostAlone({ issue: 2, metric: 'memory', side: 'fsscan 1m', limit: 160 * MB }),
      ...flat('100k', '1m'),
    ],
  }),
  defineCase({
    name: 'scan-5m',
    title: 'fsscan of 5,000,000 files',
    full: true,
    corpora: ['files-5m', 'files-1m'],
    warm: [
      { corpus: 'files-5m', contents: false },
      { corpus: 'files-1m', contents: false },
    ],
    sides: [...listers('files-5m', '5m'), ours1m],
    targets: flat('1m', '5m'),
  }),
]
