/** A change of owner drops setuid bits and capabilities (chown(2), capabilities(7)): what a row has of them is there afterwards all the same. */
import { chownSync, mkdirSync, renameSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { diffWithMoves } from '../../support/apply-moves.ts'
import { copyTree } from '../../support/apply-random.ts'
import { applyItems, itemsOf, rowsOfTree, withData } from '../../support/apply-tree.ts'
import { compareTrees } from '../../support/compare-trees.ts'
import { setXattr } from '../../support/disk-calls.ts'
import { directory, file, makeTree, setMetadata } from '../../support/disk-tree.ts'
import { isRoot } from '../../support/every-kind.ts'
import { capabilityValue } from '../../support/posix-acl.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

const tempDir = useTempDirs()
const CAPABILITY = 'security.capability'
const capability = capabilityValue(1 << 13)

/** Gives a file another owner, and back what chown takes. */
function giveAway(path: string): void {
  chownSync(path, 1000, 1000)
  setXattr(Buffer.from(path), CAPABILITY, capability)
}

describe.runIf(isRoot)('a file with capabilities that gets another owner keeps them', () => {
  it.each<[string, (tree: string) => void]>([
    ['where it is', (tree) => giveAway(`${tree}/d/ping`)],
    [
      'moved',
      (tree) => {
        renameSync(`${tree}/d/ping`, `${tree}/pong`)
        giveAway(`${tree}/pong`)
      },
    ],
    [
      'in a directory that moved',
      (tree) => {
        renameSync(`${tree}/d`, `${tree}/e`)
        giveAway(`${tree}/e/ping`)
      },
    ],
    [
      'with another mode and other attributes',
      (tree) => {
        giveAway(`${tree}/d/ping`)
        const xattrs = { [CAPABILITY]: capability, 'user.b': '2' }
        setMetadata(Buffer.from(tree), 'd/ping', { kind: 'file', owner: [1000, 0], mode: 0o4711, xattrs })
      },
    ],
  ])('%s, and back', async (_, edit) => {
    const dir = tempDir()
    mkdirSync(`${dir}/before`)
    const xattrs = { [CAPABILITY]: capability, 'user.a': '1' }
    makeTree(`${dir}/before`, [
      ['d', directory()],
      ['d/ping', file('program', { owner: [0, 0], mode: 0o755, xattrs })],
      ['d/other', file('other')],
    ])
    for (const name of ['after', 'target']) copyTree(`${dir}/before`, `${dir}/${name}`)
    edit(`${dir}/after`)
    for (const [from, to] of [
      ['before', 'after'],
      ['after', 'before'],
    ]) {
      const rows = diffWithMoves(await rowsOfTree(`${dir}/${from}`), await rowsOfTree(`${dir}/${to}`))
      const report = await applyItems(withData(itemsOf(rows), `${dir}/${to}`), `${dir}/target`)
      expect(report.outcome).toBe('applied')
      expect(compareTrees(`${dir}/${to}`, `${dir}/target`)).toEqual([])
    }
  })
})
