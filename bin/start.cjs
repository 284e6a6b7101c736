/**
 * Starts a command: runs its bundle in dist/ with the machine code that V8 made of it when it was built, which halves the
 * time that a small command takes. Node 20 keeps no such cache itself; where ours is missing or made by another
 * version, the bundle is loaded as any module is.
 */
const { readFileSync, writeFileSync } = require('node:fs')
const module_ = require('node:module')
const { join } = require('node:path')
const { Script } = require('node:vm')

function start(name) {
  const dist = join(__dirname, '..', 'dist')
  const script = compile(name, dist, dist, readCache(name, dist))
  if (!script.cachedDataRejected) return run(script, name, dist)
  module_.enableCompileCache?.()
  require(join(dist, `${name}.js`))
}

/** Runs a command of `fresh`, which is to become `dist`, and writes what was compiled on the way: for build.mjs. */
function record(name, fresh, dist) {
  const script = compile(name, fresh, dist, undefined)
  process.on('exit', () => writeFileSync(join(fresh, `${name}.cache`), script.createCachedData()))
  run(script, name, fresh)
}

function readCache(name, dist) {
  try {
    return readFileSync(join(dist, `${name}.cache`))
  } catch {
    return Buffer.alloc(0)
  }
}

function compile(name, folder, dist, cachedData) {
  // The bundle is ASCII, and latin1 is the cheapest way to read that.
  const bundle = readFileSync(join(folder, `${name}.js`), 'latin1')
  const source = `(function (exports, require, module, __filename, __dirname) {${bundle}\n})`
  return new Script(source, { filename: join(dist, `${name}.js`), cachedData })
}

function run(script, name, folder) {
  const filename = join(folder, `${name}.js`)
  const module = { exports: {} }
  script.runInThisContext()(module.exports, module_.createRequire(filename), module, filename, folder)
}

module.exports = { start, record }
