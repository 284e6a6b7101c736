import { lstatSync, symlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { describe, expect, it } from 'vitest'
import { hostMatches } from '../../../src/host/walk/at-hand.ts'
import { EMPTY } from '../../../src/model/bytes-column.ts'
import { plainHeader, rowsOfTree } from '../../support/disk-rows.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

const tempDir = useTempDirs()

describe('hostMatches', () => {
  it('knows the tree that was scanned', () => {
    const dir = tempDir()
    symlinkSync('.', `${dir}/same`)
    const hint = rowsOfTree(dir)[0]!.after!.hint!
    const rootId = { devMajor: hint.devMajor, devMinor: hint.devMinor, ino: BigInt(lstatSync(dir).ino) }
    const header = { ...plainHeader('changeset'), host: hostname(), root: Buffer.from(dir), rootId }
    expect(hostMatches(header)).toBe(true)
    expect(hostMatches({ ...header, root: Buffer.from(`${dir}/same`) })).toBe(true)
    expect(hostMatches({ ...header, rootId: null })).toBe(true)
    expect(hostMatches({ ...header, rootId: { ...rootId, ino: 1n } })).toBe(false)
    expect(hostMatches({ ...header, host: 'elsewhere' })).toBe(false)
    expect(hostMatches({ ...header, host: '' })).toBe(false)
    expect(hostMatches({ ...header, root: EMPTY })).toBe(false)
    expect(hostMatches({ ...header, root: Buffer.from(`${dir}/gone`) })).toBe(false)
  })
})
