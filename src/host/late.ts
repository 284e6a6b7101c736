/** Modules of Node that take a millisecond and more to load, for those who do not always need them. */
import { createRequire } from 'node:module'

type WorkerThreads = typeof import('node:worker_threads')
type V8 = typeof import('node:v8')
type Vm = typeof import('node:vm')

const require = createRequire(import.meta.url)

export const workerThreads = (): WorkerThreads => require('node:worker_threads') as WorkerThreads
export const v8 = (): V8 => require('node:v8') as V8
export const vm = (): Vm => require('node:vm') as Vm
