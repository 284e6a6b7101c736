/** A folder for backups within the target, and what a dry run says of places that the real one needs. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { runLine } from '../../cli/run.ts'
import { copyTree } from '../../support/apply-random.ts'
import { compareTrees } from '../../support/compare-trees.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

const tempDir = useTempDirs()

/** Trees `before` and `after`, `change.cs` between them, and a `target` in which one file was edited; `drifted` is like it. */
async function made(): Promise<string> {
  const dir = tempDir()
  for (const name of ['before', 'after']) {
    mkdirSync(`${dir}/${name}/d`, { recursive: true })
    for (const path of ['a', 'd/b']) writeFileSync(`${dir}/${name}/${path}`, `${name} ${path}`)
  }
  copyTree(`${dir}/before`, `${dir}/target`)
  writeFileSync(`${dir}/target/a`, 'edited here')
  copyTree(`${dir}/target`, `${dir}/drifted`)
  expect(await runLine('fsdiff before after > change.cs', dir)).toMatchObject({ status: 0 })
  return dir
}

const overwrite = 'fsapply --on-conflict overwrite'

describe('a folder for backups in the target', () => {
  it('is no change of the directory that it is made in, and undo gives all back', async () => {
    const dir = await made()
    const forth = await runLine(`${overwrite} --backup target/kept --undo undo.cs target change.cs`, dir)
    expect(forth.status).toBe(0)
    expect(readFileSync(`${dir}/target/kept/a`, 'utf8')).toBe('edited here')
    expect(compareTrees(`${dir}/after`, `${dir}/target`).filter((line) => !line.startsWith('kept'))).toEqual([])
    expect(await runLine('fsapply target undo.cs', dir)).toMatchObject({ status: 0 })
    rmSync(`${dir}/target/kept`, { recursive: true })
    const left = compareTrees(`${dir}/drifted`, `${dir}/target`)
    // The test itself has removed the folder.
    expect(left.filter((line) => !line.startsWith('.: mtime') && !line.startsWith(': mtime'))).toEqual([])
  })

  it.each(['target/kept/', 'target/kept//', './kept/'])('may be named with slashes at its end: %s', async (folder) => {
    const dir = await made()
    const { status, stderr } = await runLine(`${overwrite} --backup ${folder} target change.cs`, dir)
    expect([status, stderr]).toEqual([0, expect.stringContaining('what was there is kept in')])
    expect(readFileSync(`${dir}/${folder}a`, 'utf8')).toBe('edited here')
  })

  it('leaves no trace where nothing comes into it', async () => {
    const dir = await made()
    const refused = await runLine(`head -c 300 change.cs | ${overwrite} --backup target/kept target`, dir)
    expect(refused.status).toBe(3)
    expect(compareTrees(`${dir}/drifted`, `${dir}/target`)).toEqual([])
  })

  it('cannot be where the tree is exchanged as a whole, says a dry run too', async () => {
    const dir = await made()
    for (const dry of ['-n', '']) {
      const { status, stderr } = await runLine(
        `${overwrite} ${dry} --atomic --backup target/kept target change.cs`,
        dir,
      )
      expect([status, stderr]).toEqual([7, expect.stringContaining('lies in the tree that is exchanged as a whole')])
    }
    expect(compareTrees(`${dir}/drifted`, `${dir}/target`)).toEqual([])
  })

  it('needs a directory to be made in, says a dry run too', async () => {
    const dir = await made()
    for (const dry of ['-n', '']) {
      const { status } = await runLine(`${overwrite} ${dry} --backup nowhere/kept target change.cs`, dir)
      expect(status).toBe(4)
    }
  })
})

describe('a dry run with a place for the old tree', () => {
  it('says whether it can be there', async () => {
    const dir = await made()
    for (const [dry, place, status] of [
      ['-n', 'before', 7],
      ['', 'before', 7],
      ['-n', 'old', 0],
      ['-n', 'old/', 0],
      ['', 'old/', 0],
    ] as const) {
      const line = `${overwrite} ${dry} --atomic --keep-old ${place} target change.cs`
      expect((await runLine(line, dir)).status, line).toBe(status)
    }
    expect(compareTrees(`${dir}/drifted`, `${dir}/old`, { ignore: [] })).toEqual([])
  })
})

it('that something is kept of a stream which broke off is said only where it is', async () => {
  const dir = await made()
  rmSync(`${dir}/target`, { recursive: true })
  copyTree(`${dir}/before`, `${dir}/target`)
  const short = await runLine('head -c 200 change.cs | fsapply --keep-stage target', dir)
  expect([short.status, short.stderr]).toEqual([3, expect.not.stringContaining('is kept in it')])
  const longer = await runLine('head -c -100 change.cs | fsapply --keep-stage target', dir)
  expect([longer.status, longer.stderr]).toEqual([3, expect.stringContaining('is kept in it')])
})
