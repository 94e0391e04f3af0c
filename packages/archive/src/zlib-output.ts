/**
 * Node's streams go on in their output buffer where the last piece ended, and allocate a new one when
 * it is full: 4 MiB for each frame, which the garbage collector then has to find. `_outBuffer` and
 * `_outOffset` are not documented; where they are missing, memory is allocated and nothing else changes.
 */
export function writeInto(stream: object, output: Buffer): void {
  const internals = stream as { _outBuffer?: unknown; _outOffset?: unknown }
  if (!(internals._outBuffer instanceof Uint8Array && typeof internals._outOffset === 'number'))
    return
  internals._outBuffer = output
  internals._outOffset = 0
}
