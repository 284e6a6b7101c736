/**
 * Frees the memory of buffers at once. WHY: what waits for its turn while others work is old by the time it is used, and old
 * memory is collected late: a scan with threads would take tens of megabytes for pieces that nobody needs any more.
 */
import type { MessagePort } from 'node:worker_threads'
import { workerThreads } from './late.ts'
import { buffersOf } from './thread-messages.ts'

let nowhere: MessagePort | null = null

/** Every typed array in the value that spans its buffer is empty afterwards. The caller knows that nobody else holds them. */
export function freeBuffers(value: unknown): void {
  nowhere ??= closedPort()
  // What is handed over to a port that nobody reads is dropped with the message.
  nowhere.postMessage(null, buffersOf(value))
}

function closedPort(): MessagePort {
  const { MessageChannel } = workerThreads()
  const { port1, port2 } = new MessageChannel()
  port2.close()
  port1.close()
  return port1
}
