/** One file of 2 GB: recorded and replayed whole, chunked, and replayed as a delta. */
import { atMost, atMostAlone, type Case, defineCase, side } from '../case.ts'

const MB = 1e6

function copyCase(place: 'disk' | 'tmpfs'): Case {
  const target = `${place === 'disk' ? '$W' : '$SHM'}/target`
  const words = {
    prepare: `rm -rf ${target}; mkdir ${target}${place === 'disk' ? `; sync -f ${target}` : ''}`,
    check: `rsync -nai -c --delete $BIG/ ${target}/`,
  }
  const needs = place === 'tmpfs' ? ['tmpfs'] : []
  const synced = side('cp -a, synced', `cp -a --reflink=never $BIG/. ${target}/ && sync -f ${target}`, words)
  return defineCase({
    name: `big-copy${place === 'disk' ? '' : '-tmpfs'}`,
    title: `record and replay of one file of 2 GB, ${place === 'disk' ? 'on the disk' : 'in memory'}`,
    full: place === 'disk',
    corpora: ['big'],
    warm: [{ corpus: 'big', contents: true }],
    sides: [
      side('scan, pack, apply', `fsscan $BIG | fspack $BIG | fsapply ${target}`, {
        ...words,
        needs: [...needs, 'fsscan', 'fspack', 'fsapply'],
      }),
      side('scan, apply --source', `fsscan $BIG | fsapply --source $BIG ${target}`, {
        ...words,
        needs: [...needs, 'fsscan', 'fsapply --source'],
      }),
      side('cp -a', `cp -a --reflink=never $BIG/. ${target}/`, { ...words, needs: [...needs, 'cp'] }),
      ...(place === 'disk' ? [synced] : []),
      side('rsync -a', `rsync -a $BIG/ ${target}/`, { ...words, needs: [...needs, 'rsync'] }),
    ],
    targets: ['scan, pack, apply', 'scan, apply --source'].flatMap((name) => [
      atMost({ issue: 5, metric: 'seconds', side: name, limit: 1.5 }, 'cp -a'),
      atMost({ issue: 5, metric: 'seconds', side: name, limit: 0.7 }, 'rsync -a'),
    ]),
  })
}

const chunksCase = defineCase({
  name: 'big-chunks',
  title: 'chunking and hashing a file of 2 GB on one core',
  corpora: ['big'],
  warm: [{ corpus: 'big', contents: true }],
  sides: [
    side('fsscan --chunks', 'fsscan --chunks --threads 1 $BIG > $W/chunks.cs', {
      needs: ['fsscan --chunks --threads'],
      produces: '$W/chunks.cs',
      units: 'stat -c %s $BIG/big.bin',
    }),
    side('fsscan --hash', 'fsscan --hash --threads 1 $BIG > $W/hash.cs', { needs: ['fsscan --hash --threads'] }),
    side('b3sum', 'b3sum --num-threads 1 $BIG/big.bin', { needs: ['b3sum'] }),
    side('casync digest', 'casync digest $BIG', { needs: ['casync'] }),
  ],
  targets: [
    atMostAlone({ issue: 3, metric: 'seconds', side: 'fsscan --chunks', limit: 1 / 0.8e9, perUnit: true }),
    atMostAlone({ issue: 3, metric: 'memory', side: 'fsscan --chunks', limit: 512 * MB }),
  ],
})

export const bigFileCases: Case[] = [copyCase('tmpfs'), copyCase('disk'), chunksCase]
