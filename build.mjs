/**
 * Builds dist/: one CommonJS file a command (`node build.mjs` is also the package's `prepare` script), the library as an
 * ES module with its type declarations, and the programs of the worker threads.
 *
 * WHY CommonJS: a command of one CommonJS file starts in 1.1 times the time that `node -e 0` takes, the same as ES
 * modules in 1.3 times.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rehearse } from './rehearse.mjs'

const root = fileURLToPath(new URL('.', import.meta.url))
const sources = readdirSync(join(root, 'src'), { recursive: true }).map((path) => join(root, 'src', path))

/** Native packages are loaded at first use from node_modules, and so is yargs: only the help wants all of it. */
const external = ['koffi', 'zstd-napi', 'zstd-napi/*', '@napi-rs/blake-hash', 'yargs']

/** msgpackr's entry for Node loads a native helper that our records do not need; yargs' helpers load all of yargs. */
const leanPackages = {
  name: 'lean-packages',
  setup(build) {
    build.onResolve({ filter: /^msgpackr$/ }, ({ resolveDir }) =>
      build.resolve('msgpackr/pack', { resolveDir, kind: 'import-statement' }),
    )
    build.onResolve({ filter: /^yargs\/helpers$/ }, () => ({ path: 'yargs/helpers', namespace: 'lean' }))
    build.onLoad({ filter: /.*/, namespace: 'lean' }, () => ({
      contents: "export { default as Parser } from 'yargs-parser'",
      resolveDir: join(root, 'src', 'cli'),
    }))
  },
}

const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20',
  legalComments: 'none',
  logLevel: 'warning',
  external,
  plugins: [leanPackages],
}

/** What is found beside the module is found beside the bundle. */
const commonJs = {
  format: 'cjs',
  // Code that V8 has kept cannot import; it can require, and since 20.19 Node's require loads ES modules, too.
  supported: { 'dynamic-import': false },
  // The URL is yargs-parser's, which wants it for createRequire: a path is as good there.
  define: { 'import.meta.dirname': '__dirname', 'import.meta.filename': '__filename', 'import.meta.url': '__filename' },
}

/**
 * A command as its launcher in bin/ wants it: a function of what Node gives a module. WHY minified: short text and short names are a tenth of
 * the time that a small command takes. The source maps tell what the places in a report of a defect are; they are not published,
 * for the same version gives the same ones.
 */
const startable = {
  ...commonJs,
  minify: true,
  sourcemap: 'external',
  banner: { js: '(function (exports, require, module, __filename, __dirname) {' },
  footer: { js: '})' },
}

function bundleCommand(build, path, outdir) {
  const name = basename(path, '.ts')
  const contents = `import { command } from './${name}.ts'\nimport { runCommand } from './main.ts'\nrunCommand(command)`
  const stdin = { contents, resolveDir: join(root, 'src', 'cli'), sourcefile: `${name}-program.ts`, loader: 'ts' }
  return build({ ...common, ...startable, stdin, outfile: join(outdir, `${name}.js`) })
}

async function bundle(outdir) {
  const { build } = await import('esbuild')
  const commands = sources.filter((path) => /\/cli\/fs\w+\.ts$/.test(path))
  const workers = sources.filter((path) => path.endsWith('-worker.ts'))
  await Promise.all(commands.map((path) => bundleCommand(build, path, outdir)))
  for (const path of workers) {
    await build({ ...common, ...commonJs, entryPoints: [path], outfile: join(outdir, `${basename(path, '.ts')}.js`) })
  }
  await build({ ...common, format: 'esm', entryPoints: ['src/index.ts'], outfile: join(outdir, 'index.mjs') })
  writeFileSync(join(outdir, 'package.json'), '{ "type": "commonjs" }\n')
}

function declare(outdir) {
  const tsc = join(createRequire(import.meta.url).resolve('typescript/package.json'), '..', 'bin', 'tsc')
  const options = ['-p', 'tsconfig.build.json', '--outDir', join(outdir, 'types')]
  execFileSync(process.execPath, [tsc, ...options], { cwd: root, stdio: 'inherit' })
  writeFileSync(join(outdir, 'types', 'package.json'), '{ "type": "module" }\n')
}

/** Puts the commands on the PATH of npm's scripts and of the tests; npm itself links only what is installed. */
function linkCommands() {
  const folder = join(root, 'node_modules', '.bin')
  if (!existsSync(folder)) return
  const { bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  for (const [name, path] of Object.entries(bin)) {
    rmSync(join(folder, name), { force: true })
    symlinkSync(join('..', '..', path), join(folder, name))
  }
}

/** Built beside dist/ and put in its place as a whole: a command that starts meanwhile finds the old one or the new one. */
async function main() {
  const dist = join(root, 'dist')
  if (!existsSync(join(root, 'node_modules', 'esbuild')) && existsSync(dist)) {
    console.log('dist/ is kept as it is: the development dependencies that build it are not installed')
    return
  }
  const fresh = join(root, `.dist-${process.pid}`)
  const stale = `${fresh}-old`
  try {
    await bundle(fresh)
    declare(fresh)
    rehearse(fresh)
    if (existsSync(dist)) renameSync(dist, stale)
    renameSync(fresh, dist)
    linkCommands()
  } finally {
    for (const folder of [fresh, stale]) rmSync(folder, { recursive: true, force: true })
  }
}

try {
  await main()
} catch (error) {
  // esbuild and tsc have said what is wrong.
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
