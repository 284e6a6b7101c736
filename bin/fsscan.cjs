#!/usr/bin/env node
/**
 * Starts the command that this file is named after: runs its bundle in dist/ with the machine code that V8 made of it when it was
 * built, which halves the time that a small command takes. Node 20 keeps no such cache itself; where ours is missing or made by
 * another version, the bundle is loaded as any module is. All launchers are the same file: to load one that they share takes a
 * millisecond.
 */
const { readFileSync, writeFileSync } = require('node:fs')
const { Script } = require('node:vm')

const name = __filename.slice(__dirname.length + 1, -'.cjs'.length)
const dist = `${__dirname.slice(0, __dirname.lastIndexOf('/'))}/dist`
const filename = `${dist}/${name}.js`

function start() {
  // The bundle is ASCII, and latin1 is the cheapest way to read that.
  const source = readFileSync(filename, 'latin1')
  const script = new Script(source, { filename, cachedData: readCache() })
  if (script.cachedDataRejected) compile(source)
  else run(script, dist)
}

function readCache() {
  try {
    return readFileSync(`${dist}/${name}.cache`)
  } catch {
    return Buffer.alloc(0)
  }
}

/** Runs the command of a folder that is to become dist/, and writes what was compiled on the way: for build.mjs. */
function record(folder) {
  const script = new Script(readFileSync(`${folder}/${name}.js`, 'latin1'), { filename })
  process.on('exit', () => writeFileSync(`${folder}/${name}.cache`, script.createCachedData()))
  run(script, folder)
}

/** The bundle is one function expression. */
function run(script, folder) {
  const bundle = { exports: {} }
  script.runInThisContext()(bundle.exports, require, bundle, `${folder}/${name}.js`, folder)
}

/** By way of Node's own cache where it has one. */
function compile(source) {
  const Module = require('node:module')
  Module.enableCompileCache?.()
  const bundle = Object.assign(new Module(filename, module), { filename, paths: module.paths })
  bundle._compile(`${source}(exports, require, module, __filename, __dirname)`, filename)
}

if (require.main === module) start()
else module.exports = { record }
