/**
 * Before each test the worker hears what the test runner has to say: one that does only what is synchronous, or awaits nothing but
 * promises, is given up after a minute on a busy machine ("Timeout calling onTaskUpdate").
 */
import { setImmediate } from 'node:timers/promises'
import { beforeEach } from 'vitest'

beforeEach(async () => {
  await setImmediate()
})
