/** A recorded tree put into an empty folder, and a recorded change put onto a tree; on the disk and in memory. */
import { atMost, type Case, defineCase, type Side, side, type Target } from '../case.ts'

type Place = 'disk' | 'tmpfs'

const folderOf = { disk: '$W', tmpfs: '$SHM' } as const

/** The target is emptied before each run; what the run before left to write is written first. */
function fresh(place: Place): string {
  const target = `${folderOf[place]}/target`
  return `rm -rf ${target}; mkdir ${target}${place === 'disk' ? `; sync -f ${target}` : ''}`
}

/** Says nothing where the target is the source, to the nanosecond. */
const same = (source: string, target: string) => `rsync -naiHAX -c --delete ${source}/ ${target}/`

function newFiles(name: string, corpus: string, place: Place, full: boolean): Case {
  const source = `$${corpus.toUpperCase().replace('-', '_')}`
  const target = `${folderOf[place]}/target`
  const words = { prepare: fresh(place), check: same(source, target) }
  const needs = place === 'tmpfs' ? ['tmpfs'] : []
  const synced: Side[] = [
    side('tar x, synced', `tar xf $W/all.tar -C ${target} && sync -f ${target}`, { ...words, needs: ['tar'] }),
  ]
  return defineCase({
    name: `apply-${name}${place === 'disk' ? '' : '-tmpfs'}`,
    title: `fsapply of ${name === 'new' ? '100,000 new files of 1 KiB' : 'a Linux source tree'}, ${place === 'disk' ? 'on the disk' : 'in memory'}`,
    full,
    corpora: [corpus],
    warm: [{ corpus, contents: true }],
    sides: [
      side('fsapply', `fsapply ${target} < $W/all.cs`, {
        ...words,
        needs: [...needs, 'fsscan', 'fspack', 'fsapply'],
        setup: `fsscan ${source} | fspack ${source} > $W/all.cs`,
      }),
      side('scan, pack, apply', `fsscan ${source} | fspack ${source} | fsapply ${target}`, {
        ...words,
        needs: [...needs, 'fsscan', 'fspack', 'fsapply'],
      }),
      side('scan, apply --source', `fsscan ${source} | fsapply --source ${source} ${target}`, {
        ...words,
        needs: [...needs, 'fsscan', 'fsapply --source'],
      }),
      side('rsync -a', `rsync -a ${source}/ ${target}/`, { ...words, needs: [...needs, 'rsync'] }),
      side('rsync --read-batch', `rsync -a --read-batch=$W/batch ${target}/`, {
        ...words,
        needs: [...needs, 'rsync'],
        setup: `mkdir $W/nothing && rsync -a --only-write-batch=$W/batch ${source}/ $W/nothing/`,
      }),
      side('tar x', `tar xf $W/all.tar -C ${target}`, {
        ...words,
        needs: [...needs, 'tar'],
        setup: `tar cf $W/all.tar -C ${source} .`,
      }),
      ...(place === 'disk' ? synced : []),
    ],
    targets: newFilesTargets(name),
  })
}

function newFilesTargets(name: string): Target[] {
  const words = { metric: 'seconds', side: 'fsapply' } as const
  return [
    atMost({ ...words, issue: 5, limit: 0.4 }, 'rsync -a'),
    atMost({ ...words, issue: 5, limit: 0.4 }, 'rsync --read-batch'),
    atMost({ ...words, issue: 5, limit: 0.9 }, 'tar x'),
    ...(name === 'new' ? [atMost({ ...words, issue: 2, limit: 1 }, 'rsync -a')] : []),
  ]
}

function changedFiles(place: Place): Case {
  const target = `${folderOf[place]}/target`
  const words = {
    prepare: `rsync -a --delete $SMALL_100K/ ${target}/${place === 'disk' ? `; sync -f ${target}` : ''}`,
    check: same('$CHANGED_100K', target),
  }
  const needs = place === 'tmpfs' ? ['tmpfs'] : []
  const recorded = 'fsscan $SMALL_100K > $W/old.cs && fsscan $CHANGED_100K | fsdiff $W/old.cs > $W/change.cs'
  return defineCase({
    name: `apply-changed${place === 'disk' ? '' : '-tmpfs'}`,
    title: `1,000 changed files in 100,000, ${place === 'disk' ? 'on the disk' : 'in memory'}`,
    full: place === 'disk',
    corpora: ['small-100k', 'changed-100k'],
    warm: [{ corpus: 'changed-100k', contents: true }],
    sides: [
      side('fsapply', `fsapply ${target} < $W/change.cs`, {
        ...words,
        needs: [...needs, 'fsscan', 'fsdiff', 'fsapply'],
        setup: recorded,
      }),
      side('pipeline', `fsscan $THREADS $CHANGED_100K | fsdiff $W/old.cs | fsapply ${target}`, {
        ...words,
        needs: [...needs, 'fsscan', 'fsdiff', 'fsapply'],
      }),
      side('fsapply --undo', `fsapply --undo $W/undo.cs ${target} < $W/change.cs`, {
        ...words,
        prepare: `${words.prepare}; rm -f $W/undo.cs`,
        needs: [...needs, 'fsscan', 'fsdiff', 'fsapply --undo'],
        produces: '$W/undo.cs',
      }),
      side('rsync -a', `rsync -a $CHANGED_100K/ ${target}/`, { ...words, needs: [...needs, 'rsync'] }),
    ],
    targets: [
      atMost({ issue: 5, metric: 'seconds', side: 'fsapply', limit: 0.5 }, 'rsync -a'),
      atMost({ issue: 4, metric: 'seconds', side: 'fsapply --undo', limit: 2 }, 'fsapply'),
    ],
  })
}

/** A tree of which all goes: the least work that there is beside what undo has to read. */
function deletedFiles(): Case {
  const target = `${folderOf.tmpfs}/target`
  const words = { prepare: `rsync -a --delete $SMALL_100K/ ${target}/`, check: `find ${target} -mindepth 1` }
  const recorded = 'mkdir $W/nothing && fsdiff --no-data $SMALL_100K $W/nothing > $W/deletes.cs'
  return defineCase({
    name: 'apply-deleted-tmpfs',
    title: '100,000 files deleted, in memory',
    full: false,
    corpora: ['small-100k'],
    warm: [{ corpus: 'small-100k', contents: true }],
    sides: [
      side('fsapply', `fsapply ${target} < $W/deletes.cs`, {
        ...words,
        needs: ['tmpfs', 'fsdiff', 'fsapply'],
        setup: recorded,
      }),
      side('fsapply --undo', `fsapply --undo $W/undo.cs ${target} < $W/deletes.cs`, {
        ...words,
        prepare: `${words.prepare}; rm -f $W/undo.cs`,
        needs: ['tmpfs', 'fsdiff', 'fsapply --undo'],
        produces: '$W/undo.cs',
      }),
      side('rsync -a --delete', `rsync -a --delete $W/nothing/ ${target}/`, { ...words, needs: ['tmpfs', 'rsync'] }),
    ],
    targets: [atMost({ issue: 4, metric: 'seconds', side: 'fsapply --undo', limit: 2 }, 'fsapply')],
  })
}

export const applyCases: Case[] = [
  newFiles('new', 'small-100k', 'tmpfs', false),
  newFiles('new', 'small-100k', 'disk', false),
  newFiles('source-tree', 'source-tree', 'tmpfs', false),
  newFiles('source-tree', 'source-tree', 'disk', true),
  changedFiles('tmpfs'),
  changedFiles('disk'),
  deletedFiles(),
]
