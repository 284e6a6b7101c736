/** The files that an apply writes beside its work: what cannot be written is refused before the target is touched. */
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { withTempDir } from '../support/temp-dir.ts'
import { type Outcome, runLine } from './run.ts'

/** A changeset x.cs that deletes `dst/sub` with what is in it, and changes `dst/a`. */
const MAKE = `mkdir -p dst/sub new; echo one > dst/a; echo x > dst/sub/b; echo other > new/a; ln -s dst/sub into; ln -s dst/a taken
  fsdiff --no-moves dst new > x.cs; find dst -printf '%p %i %T@ %C@\\n' > was`

async function apply(dir: string, flags: string): Promise<Outcome & { isTouched: boolean }> {
  await runLine(MAKE, dir)
  const outcome = await runLine(`fsapply ${flags} dst x.cs`, dir)
  const { status } = await runLine(`find dst -printf '%p %i %T@ %C@\\n' | cmp - was`, dir)
  return { ...outcome, isTouched: status !== 0 }
}

describe('a file that cannot be written', () => {
  const rows: [flags: string, status: number, sentence: RegExp][] = [
    [
      '--receipt missing/r',
      4,
      /^fsapply: missing\/r: there is no such file .*\nfsapply: The target was not changed\.$/m,
    ],
    ['--undo missing/u', 4, /^fsapply: missing\/u: there is no such file .*\nfsapply: The target was not changed\.$/m],
    ['--receipt new', 4, /^fsapply: new: it is a directory/],
    ['--receipt x.cs/r', 4, /^fsapply: x\.cs\/r: it is not a directory/],
    ['--receipt /proc/r', 4, /^fsapply: \/proc\/r: /],
    ['--direct --receipt missing/r', 4, /^fsapply: missing\/r: there is no such file/],
    ['--receipt dst/r', 2, /^fsapply: --receipt dst\/r lies in the target, .*; name a file beside the target$/m],
    ['--undo dst/sub/u', 2, /^fsapply: --undo dst\/sub\/u lies in the target/],
    ['--undo into/u', 2, /^fsapply: --undo into\/u lies in the target/],
    ['--receipt taken', 2, /^fsapply: --receipt taken lies in the target/],
    ['--atomic --undo "$PWD/dst/u"', 2, /lies in the target/],
    ['--undo f --receipt "$PWD/f"', 2, /^fsapply: --undo and --receipt need two files/],
  ]
  for (const [flags, status, sentence] of rows) {
    test(`${flags} is refused with status ${status}, and the target is as it was`, () =>
      withTempDir(async (dir) => {
        const outcome = await apply(dir, flags)
        expect(outcome.stderr).toMatch(sentence)
        expect(outcome).toMatchObject({ status, stdout: '', isTouched: false })
        expect(existsSync(join(dir, 'f'))).toBe(false)
      }))
  }
})

describe('a file that can be written', () => {
  test('keeps what it held until there is more to tell', () =>
    withTempDir(async (dir) => {
      writeFileSync(join(dir, 'r'), 'old')
      expect(await apply(dir, '--max-delete 0 --receipt r')).toMatchObject({ status: 7 })
      expect(readFileSync(join(dir, 'r'), 'utf8')).toBe('old')
    }))

  test('is beside the target, or a pipe, whatever leads there', () =>
    withTempDir(async (dir) => {
      mkdirSync(join(dir, 'kept'))
      symlinkSync('kept', join(dir, 'link'))
      const { status } = await apply(dir, '--undo link/u --receipt >(fsshow > shown; touch ended)')
      expect(status).toBe(0)
      await runLine('while ! test -e ended; do sleep 0.05; done', dir)
      expect(readFileSync(join(dir, 'shown'), 'utf8')).toMatch(/^receipt .*\ndone +/)
      expect(await runLine('fsapply dst kept/u; cat dst/a dst/sub/b', dir)).toMatchObject({ stdout: 'one\nx\n' })
    }))

  test('is asked for of every command before its input is read', () =>
    withTempDir(async (dir) => {
      for (const line of [
        'fsscan missing',
        'fsdiff missing .',
        'fspack . missing',
        'fsinvert missing',
        'fsshow missing',
      ]) {
        const { status, stderr } = await runLine(`${line} -o nowhere/x.cs < /dev/null`, dir)
        expect([line, status]).toEqual([line, 4])
        expect(stderr).toMatch(/nowhere\/x\.cs: there is no such file or directory \(open: ENOENT\)/)
      }
    }))
})

describe('a receipt where nothing was changed', () => {
  const ways = ['', '--atomic', '--direct']
  for (const way of ways) {
    test(`has no rows where all hold already, and those that were left: fsapply ${way}`, () =>
      withTempDir(async (dir) => {
        await runLine(`${MAKE}; fsapply dst x.cs`, dir)
        const again = await runLine(`fsapply ${way} --undo u --receipt r dst x.cs && fsshow r`, dir)
        expect(again).toMatchObject({ stdout: expect.stringMatching(/^receipt .*\n0 rows\n$/), stderr: '', status: 0 })
        expect(existsSync(join(dir, 'u'))).toBe(false)
        await runLine('echo mine > dst/a', dir)
        const left = await runLine(
          `rm r; fsapply ${way} --allow-foreign --on-conflict skip --receipt r dst x.cs; fsshow r`,
          dir,
        )
        expect(left.stdout).toMatch(/^receipt .*\nconflict changed +change +file +a .*\n1 row: 1 changed\n$/)
      }))
  }

  test('is not written where the changeset was refused', () =>
    withTempDir(async (dir) => {
      const { status } = await apply(dir, '--max-delete 0 --receipt r')
      expect([status, existsSync(join(dir, 'r'))]).toEqual([7, false])
    }))
})
