/** Bytes from one version of a tree to the next, beside the tools that make deltas. */
import { atMost, atMostAlone, type Case, defineCase, type Side, side, type Target } from '../case.ts'

const MB = 1e6

type Pair = {
  name: string
  title: string
  corpora: string[]
  old: string
  new: string
  full: boolean
  batchLimit: number
  /** The new tree's files have times that a release set: they are told by their times as well. */
  touch: boolean
}

function deltaCase(pair: Pair): Case {
  return defineCase({
    name: `delta-${pair.name}`,
    title: pair.title,
    full: pair.full,
    runs: 1,
    corpora: pair.corpora,
    warm: pair.corpora.map((corpus) => ({ corpus, contents: true })),
    sides: [...ourSides(pair), ...rsyncSides(pair), ...archiveSides(pair)],
    targets: deltaTargets(pair),
  })
}

/**
 * With snapshots only, with the old tree at hand, and without deltas: files that changed travel whole. Of the new tree the
 * ids are enough for a changeset; its chunks are for the one after it.
 */
function ourSides({ old, new: fresh, touch }: Pair): Side[] {
  const hash = `fsscan --hash ${fresh}`
  const both = `fsscan --chunks ${fresh} | tee $W/new-chunks.cs`
  const rows: [name: string, scan: string, diff: string][] = [
    ['chunks', hash, '$W/old-chunks.cs'],
    ['chunks, kept of the new tree', both, '$W/old-chunks.cs'],
    ['old tree at hand', hash, `--basis ${old} $W/old.cs`],
    ['whole files', hash, '$W/old.cs'],
  ]
  const byTime: typeof rows = [
    ['chunks, --touch', hash, '--touch $W/old-chunks.cs'],
    ['old tree at hand, --touch', hash, `--touch --basis ${old} $W/old.cs`],
  ]
  return [...rows, ...(touch ? byTime : [])].map(([name, scan, diff], i) =>
    side(name, `${scan} | fsdiff --level 19 ${diff} > $W/${i}.cs`, {
      needs: ['fsscan --hash --chunks', 'fsdiff --basis --touch', 'fsapply'],
      setup: `[ -e $W/old.cs ] || { fsscan --hash ${old} > $W/old.cs; fsscan --chunks ${old} > $W/old-chunks.cs; }`,
      produces: `$W/${i}.cs`,
      check: `rm -rf $W/target && cp -a ${old} $W/target && fsapply $W/target < $W/${i}.cs && rsync -naiH -c --delete ${fresh}/ $W/target/`,
    }),
  )
}

/** rsync has to read the contents too: versions from a registry differ under equal sizes and times. */
function rsyncSides({ old, new: fresh }: Pair): Side[] {
  const batch = `rsync -acH --delete --only-write-batch=$W/batch ${fresh}/ ${old}/`
  return [
    side('rsync batch, zstd -19', `${batch} && zstd -19 -T0 -q -f $W/batch -o $W/batch.zst`, {
      needs: ['rsync', 'zstd'],
      produces: '$W/batch.zst',
      check: `rm -rf $W/target && cp -a ${old} $W/target && rsync -acH --delete --read-batch=$W/batch $W/target/ && rsync -naiH -c --delete ${fresh}/ $W/target/`,
    }),
  ]
}

/** Tools that see one file, on tars of the trees; git on two commits. Making the tars counts, as scanning does for us. */
function archiveSides({ old, new: fresh }: Pair): Side[] {
  const tar = (tree: string) => `tar cf $W/new.tar --sort=name -C ${tree} .`
  const setup = `tar cf $W/old.tar --sort=name -C ${old} .`
  const git = `git --git-dir=$W/git --work-tree`
  const commit = '-c user.name=bench -c user.email=bench commit -q --no-gpg-sign -m tree --allow-empty'
  const fetched = '--git-dir=$W/git-old fetch -q $W/bundle HEAD && git --git-dir=$W/git-old'
  return [
    side(
      'xdelta3',
      `${tar(fresh)} && xdelta3 -e -9 -f -B $(stat -c %s $W/old.tar) -s $W/old.tar $W/new.tar $W/xdelta`,
      {
        needs: ['xdelta3', 'tar'],
        setup,
        produces: '$W/xdelta',
        check: 'xdelta3 -d -c -B $(stat -c %s $W/old.tar) -s $W/old.tar $W/xdelta | cmp - $W/new.tar',
      },
    ),
    side(
      'zstd --patch-from',
      `${tar(fresh)} && zstd -19 --long=31 -T0 -q -f --patch-from=$W/old.tar $W/new.tar -o $W/patch.zst`,
      {
        needs: ['zstd', 'tar'],
        setup,
        produces: '$W/patch.zst',
        check: 'zstd -d -c --long=31 --patch-from=$W/old.tar $W/patch.zst | cmp - $W/new.tar',
      },
    ),
    side(
      'git bundle',
      `${git}=${fresh} add -A -f . && ${git}=${fresh} ${commit} && git --git-dir=$W/git bundle create -q $W/bundle HEAD~1..HEAD`,
      {
        needs: ['git'],
        setup: `git init -q --bare $W/git && git --git-dir=$W/git config core.bare false && ${git}=${old} add -A -f . && ${git}=${old} ${commit} && mv $W/git $W/git-old`,
        prepare: 'rm -rf $W/bundle $W/git && cp -a $W/git-old $W/git',
        produces: '$W/bundle',
        check: `git ${fetched} diff --quiet FETCH_HEAD $(git --git-dir=$W/git rev-parse HEAD^{tree}) || echo another tree`,
      },
    ),
  ]
}

function deltaTargets({ batchLimit, touch }: Pair): Target[] {
  const batch = 'rsync batch, zstd -19'
  const archives = ['xdelta3', 'zstd --patch-from', 'git bundle']
  const names = [
    ['chunks', 'old tree at hand'],
    ...(touch ? [['chunks, --touch', 'old tree at hand, --touch']] : []),
  ] as const
  return names.flatMap(([chunks, oldTree]) => [
    atMost({ issue: 3, metric: 'bytes', side: chunks!, limit: batchLimit }, batch),
    atMost({ issue: 3, metric: 'seconds', side: chunks!, limit: 1 }, batch),
    atMostAlone({ issue: 3, metric: 'memory', side: chunks!, limit: 512 * MB }),
    atMost({ issue: 3, metric: 'bytes', side: oldTree!, limit: 1 }, ...archives),
    atMostAlone({ issue: 3, metric: 'memory', side: oldTree!, limit: 512 * MB }),
  ])
}

const pairOf = (name: string, title: string, full: boolean): Pair => {
  const folder = `$${name.toUpperCase().replaceAll('-', '_')}`
  return { name, title, corpora: [name], old: `${folder}/old`, new: `${folder}/new`, full, batchLimit: 1, touch: false }
}

/** The copy is made by whichever side is set up first. */
const NEW_TIMES = `[ -e $W/old.cs ] || (cp -a $SOURCE_TREE $W/new && fsscan --hash $W/new > $W/old.cs && find $W/new -exec touch -h -d 2026-01-02 {} +)`

const metadataCase = defineCase({
  name: 'delta-metadata',
  title: 'a source tree in which every mtime changed and nothing else',
  full: true,
  runs: 1,
  corpora: ['source-tree'],
  sides: [
    side('by their times', 'fsscan --hash $W/new | fsdiff --no-data --touch $W/old.cs > $W/touch.cs', {
      needs: ['fsscan --hash', 'fsdiff --touch', 'fsapply'],
      setup: NEW_TIMES,
      produces: '$W/touch.cs',
      units: 'find $SOURCE_TREE | wc -l',
      check:
        'rm -rf $W/target && cp -a $SOURCE_TREE $W/target && fsapply $W/target < $W/touch.cs && rsync -naiH --delete $W/new/ $W/target/',
    }),
    side('by name', 'fsscan --hash $W/new | fsdiff --no-data $W/old.cs > $W/times.cs', {
      needs: ['fsscan --hash', 'fsdiff --no-data'],
      setup: NEW_TIMES,
      produces: '$W/times.cs',
      units: 'find $SOURCE_TREE | wc -l',
    }),
    side(
      'rsync batch, zstd -19',
      'rsync -aH --delete --only-write-batch=$W/batch $W/new/ $SOURCE_TREE/ && zstd -19 -T0 -q -f $W/batch -o $W/batch.zst',
      {
        needs: ['rsync', 'zstd'],
        setup: NEW_TIMES,
        produces: '$W/batch.zst',
        units: 'find $SOURCE_TREE | wc -l',
      },
    ),
  ],
  targets: [atMostAlone({ issue: 3, metric: 'bytes', side: 'by their times', limit: 1, perUnit: true })],
})

export const deltaCases: Case[] = [
  deltaCase(pairOf('typescript', 'two versions of a compiler', false)),
  deltaCase(pairOf('biome', 'two versions of a platform binary of 60 MB', true)),
  deltaCase(pairOf('next', 'two versions of a web framework', true)),
  deltaCase(pairOf('next-swc', 'two versions of a platform binary of 130 MB', true)),
  deltaCase({ ...pairOf('node-modules', 'a large node_modules before and after an update', true), touch: true }),
  deltaCase({
    ...pairOf('node-modules-release', 'the same, where a release set the time of every file', true),
    corpora: ['node-modules', 'node-modules-release'],
    old: '$NODE_MODULES/old',
    new: '$NODE_MODULES_RELEASE',
    touch: true,
  }),
  deltaCase({ ...pairOf('rename', 'folders and files moved, some edited', true), batchLimit: 0.5 }),
  deltaCase({
    ...pairOf('big', 'a file of 2 GB with inserts, overwrites and a moved megabyte', true),
    corpora: ['big', 'big-edited'],
    old: '$BIG',
    new: '$BIG_EDITED',
  }),
  deltaCase({
    ...pairOf('source-tree', 'two versions of a Linux source tree', true),
    corpora: ['source-tree-old', 'source-tree'],
    old: '$SOURCE_TREE_OLD',
    new: '$SOURCE_TREE',
    touch: true,
  }),
  metadataCase,
]
