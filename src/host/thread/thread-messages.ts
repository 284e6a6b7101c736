/** What a pool and its threads say to each other. */
import type { MessagePort } from 'node:worker_threads'

export type ToThread = { kind: 'job'; task: string; input: unknown } | { kind: 'close' }

export type FromThread =
  | { kind: 'ready' }
  | { kind: 'output'; value: unknown }
  | { kind: 'done'; result: unknown }
  | { kind: 'failed'; error: ThreadError }

/** An error in a form that crosses: a HostError has a code, any other its stack as text. */
export type ThreadError = { code: string | null; call: string; path: Uint8Array; text: string }

/** A worker's data. `control` is shared: outputs that the thread may still send, and whether it is to stop. */
export type ThreadData = { port: MessagePort; control: Int32Array; data: unknown }

/** Fields of `control`. */
export const CREDITS = 0
export const STOP = 1

/** The buffers of all typed arrays in a value that span their buffer: what may be handed over instead of copied. */
export function buffersOf(value: unknown): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>()
  collect(value, buffers)
  return [...buffers]
}

function collect(value: unknown, buffers: Set<ArrayBuffer>): void {
  if (typeof value !== 'object' || value === null) return
  if (ArrayBuffer.isView(value)) {
    const { buffer } = value
    // An empty buffer costs nothing to copy, and may be a constant of ours that must stay usable.
    if (buffer instanceof ArrayBuffer && buffer.byteLength > 0 && value.byteLength === buffer.byteLength)
      buffers.add(buffer)
  } else if (Array.isArray(value)) {
    for (const element of value) collect(element, buffers)
  } else {
    for (const field of Object.values(value)) collect(field, buffers)
  }
}
