/**
 * Lets each command do a little of everything and keeps the code that V8 makes of it on the way, beside its bundle in dist/: a command
 * starts in two thirds of the time with it. The code is that of one version of Node, so this is done where the package is installed
 * (`postinstall`), and by build.mjs. Commands work without it: nothing here is an error, such as a native package that could
 * not be built.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('.', import.meta.url))

/** Command, arguments, standard input, name of what it prints. */
const rehearsal = [
  ['fsscan', ['src'], '', 'old'],
  ['fsscan', ['--hash', 'new'], '', 'new'],
  ['fsdiff', ['old.cs'], 'new', 'change'],
  ['fspack', ['new'], 'change', 'packed'],
  ['fsinvert', [], 'change', 'back'],
  ['fsshow', ['--json'], 'packed', 'lines'],
  ['fsshow', [], 'packed', 'shown'],
  ['fsmake', [], 'lines', 'made'],
  ['fsplan', ['src'], 'packed', 'plan'],
  ['fscompose', ['old.cs'], 'change', 'composed'],
  ['fsapply', ['src'], 'packed', 'applied'],
]

/** @param dist the folder of the bundles */
export function rehearse(dist) {
  const folder = mkdtempSync(join(tmpdir(), 'fs-changeset-build-'))
  const printed = { '': '' }
  try {
    for (const [tree, text] of [
      ['src', 'old'],
      ['new', 'newer'],
    ]) {
      mkdirSync(join(folder, tree, 'folder'), { recursive: true })
      for (const name of ['a', 'b', 'folder/c', `folder/${text}`]) writeFileSync(join(folder, tree, name), text)
    }
    for (const [name, args, input, output] of rehearsal) {
      const script = `require(${JSON.stringify(join(root, 'bin', `${name}.cjs`))}).record(${JSON.stringify(dist)})`
      const child = ['-e', script, 'start', ...args]
      printed[output] = spawnSync(process.execPath, child, { cwd: folder, input: printed[input], stdio: 'pipe' }).stdout
      writeFileSync(join(folder, `${output}.cs`), printed[output])
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** In a checkout nothing is built yet when npm asks for this. */
function afterInstall() {
  const dist = join(root, 'dist')
  try {
    if (existsSync(dist)) rehearse(dist)
  } catch (error) {
    console.error(`fs-changeset: commands start more slowly than they could: ${error}`)
  }
}

if (realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) afterInstall()
