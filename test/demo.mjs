/**
 * `npm run demo`: records a real tree (the installed packages of this checkout, or the directory that is named), changes it,
 * shows what changed, replays it onto a copy, and proves the two equal. Everything happens in a temporary folder.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const env = { ...process.env, PATH: `${join(root, 'node_modules', '.bin')}:${process.env.PATH}` }
const folder = fs.mkdtempSync(join(tmpdir(), 'fs-changeset-demo-'))
const inFolder = (name) => join(folder, name)
let failures = 0

function say(text = '') {
  console.log(text)
}

/** Runs a command line, prints it with its time and what it printed. */
function run(line, { isShown = true } = {}) {
  const start = performance.now()
  const { status, stdout, stderr } = spawnSync('bash', ['-o', 'pipefail', '-c', line], {
    cwd: folder,
    env,
    maxBuffer: 1e9,
  })
  const milliseconds = Math.round(performance.now() - start)
  say(`$ ${line.padEnd(72)} ${String(milliseconds).padStart(7)} ms`)
  const printed = `${stdout}${stderr}`.trimEnd()
  if (isShown && printed !== '') say(printed.replaceAll(/^/gm, '    '))
  if (status === 0) return
  failures++
  say(`    exit status ${status}`)
}

function sizes(...names) {
  for (const name of names) say(`    ${name}: ${fs.statSync(inFolder(name)).size.toLocaleString('en')} bytes`)
}

/** Edits of every sort, some hundred files of them. */
function changeTree(tree) {
  const files = execFileSync('find', [tree, '-type', 'f', '-size', '-200k', '-print0'], { maxBuffer: 1e9 })
  const paths = files
    .toString('latin1')
    .split('\0')
    .filter(Boolean)
    .sort()
    .map((path) => Buffer.from(path, 'latin1'))
  for (const [i, path] of paths.entries()) {
    if (i % 97 === 0) fs.appendFileSync(path, '\n// edited\n')
    else if (i % 101 === 0) fs.unlinkSync(path)
    else if (i % 103 === 0) fs.chmodSync(path, 0o600)
    else if (i % 107 === 0) fs.utimesSync(path, 1, 1234567890.123)
  }
  fs.mkdirSync(join(tree, 'new', 'folder'), { recursive: true })
  fs.writeFileSync(join(tree, 'new', 'folder', 'file'), 'a new file\n')
  fs.writeFileSync(
    Buffer.concat([Buffer.from(join(tree, 'new/')), Buffer.from([0xff, 0x0a])]),
    'a name that is no UTF-8\n',
  )
  fs.linkSync(join(tree, 'new', 'folder', 'file'), join(tree, 'new', 'hard link'))
  fs.symlinkSync('folder/file', join(tree, 'new', 'symbolic link'))
  execFileSync('mkfifo', [join(tree, 'new', 'pipe')])
  const sparse = fs.openSync(join(tree, 'new', 'sparse'), 'w')
  fs.writeSync(sparse, 'the end of a hole', 50_000_000)
  fs.closeSync(sparse)
  const [first] = fs
    .readdirSync(tree)
    .filter((name) => /^[a-z]/.test(name) && name !== 'new' && fs.lstatSync(join(tree, name)).isDirectory())
  fs.renameSync(join(tree, first), join(tree, `${first}-renamed`))
}

/** The tests' judge of two trees, which shares no code with the program. */
async function loadJudge() {
  const outfile = join(root, 'node_modules', '.cache', 'fs-changeset', 'judge.mjs')
  const entryPoints = [join(root, 'test', 'support', 'compare-trees.ts')]
  await build({
    entryPoints,
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
  })
  return (await import(pathToFileURL(outfile).href)).compareTrees
}

function prove(judge, a, b) {
  const differences = judge(Buffer.from(inFolder(a)), Buffer.from(inFolder(b)))
  say(`  ${a} and ${b} compared entry by entry, times to the nanosecond: ${differences.length} differences`)
  for (const difference of differences.slice(0, 10)) say(`    ${difference}`)
  failures += differences.length
  if (spawnSync('rsync', ['--version']).error !== undefined)
    return say('  rsync is not installed: its opinion is not asked')
  const { stdout } = spawnSync('rsync', ['-nai', '-HAX', '-c', '--delete', `${a}/`, `${b}/`], {
    cwd: folder,
    encoding: 'utf8',
  })
  say(`  rsync -nai -HAX -c --delete ${a}/ ${b}/ lists ${stdout.split('\n').length - 1} differences`)
  failures += stdout.split('\n').length - 1
}

async function main() {
  const judge = await loadJudge()
  const source = process.argv[2] ?? join(root, 'node_modules')
  say(`Two copies of ${source} in ${folder}`)
  fs.mkdirSync(inFolder('tree'))
  execFileSync('cp', ['-a', `${source}/.`, inFolder('tree')])
  execFileSync('cp', ['-a', inFolder('tree'), inFolder('copy')])

  say('\nRecord it, change it, record it again')
  run('fsscan --hash tree > old.cs')
  changeTree(inFolder('tree'))
  run('fsscan --hash --reuse old.cs tree > new.cs')
  sizes('old.cs', 'new.cs')

  say('\nWhat changed')
  run('fsdiff old.cs new.cs > change.cs')
  sizes('change.cs')
  run('fsshow change.cs | head -n 12')
  run('fsshow --stat change.cs | head -n 14')

  say('\nReplay it onto the copy; a second time is harmless')
  run('fsapply --dry-run copy < change.cs')
  run('fsapply --verbose copy < change.cs')
  prove(judge, 'tree', 'copy')
  run('fsapply --verbose copy < change.cs')

  say('\nAll in one line, onto a directory that is empty')
  run('mkdir empty; fsscan empty > empty.cs; fsscan tree | fsdiff empty.cs | fsapply empty')
  prove(judge, 'tree', 'empty')
  say(`\n${failures === 0 ? 'Equal.' : `${failures} failures.`}`)
}

try {
  await main()
} finally {
  fs.rmSync(folder, { recursive: true, force: true })
}
process.exitCode = failures === 0 ? 0 : 1
