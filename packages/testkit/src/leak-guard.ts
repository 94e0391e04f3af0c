import { deepEqual } from 'node:assert/strict'
import { after } from 'node:test'
import { waitFor } from './wait-for.ts'

const watched = new Set([
  'TCPSocketWrap',
  'TCPServerWrap',
  'PipeWrap',
  'ProcessWrap',
  'MessagePort',
])

/**
 * Fails the test file if it leaves a socket, server, child process or worker thread open at its end.
 * Call it at the top of the file, after other `after` hooks that close things were registered.
 */
export function leakGuard(): void {
  const before = openResources()
  after(async () => {
    const left = () => without(openResources(), before)
    // Sockets need a turn or two of the event loop to close; nothing is asserted about how many.
    await waitFor(() => left().length === 0, { timeoutMs: 3000, what: '' }).catch(() => {})
    deepEqual(left(), [], 'resources were left open')
  })
}

function openResources(): string[] {
  return process.getActiveResourcesInfo().filter((kind) => watched.has(kind))
}

function without(all: readonly string[], some: readonly string[]): string[] {
  const rest = [...all]
  for (const one of some) {
    const at = rest.indexOf(one)
    if (at >= 0) rest.splice(at, 1)
  }
  return rest
}
