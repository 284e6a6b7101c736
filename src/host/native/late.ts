/**
 * What takes a millisecond and more to load, for those who do not always need it: modules of Node, and the native parts of
 * packages. WHY by file: Node's search for a package parses package.json files and sets up its resolver of ES modules for them, which
 * takes longer than loading the native part itself.
 */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

type WorkerThreads = typeof import('node:worker_threads')
type V8 = typeof import('node:v8')
type Vm = typeof import('node:vm')
type Require = (name: string) => unknown

export const workerThreads = (): WorkerThreads => process.getBuiltinModule('node:worker_threads')
export const v8 = (): V8 => process.getBuiltinModule('node:v8')
export const vm = (): Vm => process.getBuiltinModule('node:vm')

/** The machine, as Node and the names of packages call it. */
export const { arch, platform } = process

/**
 * A native part.
 * @param file where it usually lies below node_modules
 * @param load gets it in the package's own way: where that is elsewhere, or made for another C library
 */
export function loadNative(file: string, load: (require: Require) => unknown): unknown {
  const path = findInstalled(file)
  try {
    if (path !== null) return open(path)
  } catch {
    // The package knows better, or says what is wrong.
  }
  return load(createRequire(import.meta.filename))
}

/** Does something while a variable of the environment is set, unless it is set to something else already. */
export function withVariable<T>(name: string, value: string, work: () => T): T {
  if (process.env[name] !== undefined) return work()
  process.env[name] = value
  try {
    return work()
  } finally {
    delete process.env[name]
  }
}

function open(path: string): unknown {
  const module = { exports: {} }
  process.dlopen(module, path)
  return module.exports
}

/** In node_modules of the folders above, the nearest first, as Node looks. */
function findInstalled(file: string): string | null {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    const path = join(folder, 'node_modules', file)
    if (existsSync(path)) return path
    if (folder === dirname(folder)) return null
  }
}
