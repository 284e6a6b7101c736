/**
 * Frees the memory of buffers at once. WHY: what waits for its turn while others work is old by the time it is used, and old
 * memory is collected late: a scan with threads would take tens of megabytes for pieces that nobody needs any more.
 */
import type { MessagePort } from 'node:worker_threads'
import { workerThreads } from '../native/late.ts'
import { buffersOf } from './thread-messages.ts'

/** What little there is in a small tree can wait for the collector: the port alone takes three milliseconds to load. */
const UNFREED_BYTES_MAX = 1 << 22

let nowhere: MessagePort | null = null
let unfreedBytes = 0

/** Every typed array in the value that spans its buffer may be empty afterwards. The caller knows that nobody else holds them. */
export function freeBuffers(value: unknown): void {
  const buffers = buffersOf(value)
  unfreedBytes += buffers.reduce((bytes, { byteLength }) => bytes + byteLength, 0)
  if (unfreedBytes <= UNFREED_BYTES_MAX) return
  nowhere ??= closedPort()
  // What is handed over to a port that nobody reads is dropped with the message.
  nowhere.postMessage(null, buffers)
}

function closedPort(): MessagePort {
  const { MessageChannel } = workerThreads()
  const { port1, port2 } = new MessageChannel()
  port2.close()
  port1.close()
  return port1
}
