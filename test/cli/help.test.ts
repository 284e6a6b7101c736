/** The help of every command: on a narrow screen too, each word is whole. */
import { expect, test } from 'vitest'
import { renderHelp } from '../../src/cli/args.ts'
import type { Command } from '../../src/cli/command.ts'
import { runLine } from './run.ts'

const names = ['fsscan', 'fsdiff', 'fspack', 'fsplan', 'fsapply', 'fsinvert', 'fscompose', 'fsshow', 'fsmake']
const wordsOf = (text: string) => new Set(text.split(/\s+/))

for (const name of names) {
  test(`${name} --help breaks no word, however narrow the screen is`, async () => {
    const { command } = (await import(`../../src/cli/${name}.ts`)) as { command: Command }
    const whole = wordsOf(await renderHelp(command, 1000))
    for (const width of [1, 20, 60, 79, 100]) {
      const broken = [...wordsOf(await renderHelp(command, width))].filter((word) => !whole.has(word))
      expect([width, broken]).toEqual([width, []])
    }
  })
}

test('a terminal of 20 columns, or of none that it tells, gets whole words', async () => {
  for (const columns of [20, 0]) {
    const line = `script -qec 'stty cols ${columns}; fsscan --help' /dev/null < /dev/null | tr -d '\\r'`
    const { stdout } = await runLine(line, '.')
    expect(stdout).toMatch(/^Records every entry of a directory as a snapshot\.$/m)
    expect(stdout).toMatch(/--one-file-system /)
  }
})
