/**
 * Starts a command: runs its bundle in dist/ with the machine code that V8 made of it when it was built, which halves the
 * time that a small command takes. Node 20 keeps no such cache itself; where ours is missing or made by another
 * version, the bundle is loaded as any module is.
 */
const { readFileSync, writeFileSync } = require('node:fs')
const { Script } = require('node:vm')

const dist = `${__dirname.slice(0, __dirname.lastIndexOf('/'))}/dist`

function start(name) {
  // The bundle is ASCII, and latin1 is the cheapest way to read that.
  const source = readFileSync(`${dist}/${name}.js`, 'latin1')
  const filename = `${dist}/${name}.js`
  const script = new Script(source, { filename, cachedData: readCache(`${dist}/${name}.cache`) })
  if (script.cachedDataRejected) compile(source, filename)
  else run(script, filename, dist)
}

/** Runs a command of `fresh`, which is to become dist/, and writes what was compiled on the way: for build.mjs. */
function record(name, fresh) {
  const script = new Script(readFileSync(`${fresh}/${name}.js`, 'latin1'), { filename: `${dist}/${name}.js` })
  process.on('exit', () => writeFileSync(`${fresh}/${name}.cache`, script.createCachedData()))
  run(script, `${fresh}/${name}.js`, fresh)
}

function readCache(path) {
  try {
    return readFileSync(path)
  } catch {
    return Buffer.alloc(0)
  }
}

/** The bundle is one function expression. */
function run(script, filename, folder) {
  const bundle = { exports: {} }
  script.runInThisContext()(bundle.exports, require, bundle, filename, folder)
}

/** By way of Node's own cache where it has one. */
function compile(source, filename) {
  const Module = require('node:module')
  Module.enableCompileCache?.()
  const bundle = new Module(filename, module)
  bundle._compile(`${source}(exports, require, module, __filename, __dirname)`, filename)
}

module.exports = { start, record }
