/**
 * Large memory that goes back to the system once it is dropped and the collector has found it.
 *
 * V8 takes what may be resized from the system, page by page: it is said to be that, and never is resized. All
 * other buffers come from malloc, and glibc keeps what was freed of their size in its heap, where it leaves holes
 * (docs/decisions/0018-large-memory-given-back.md).
 */
export function allocateLarge(bytes: number): Buffer<ArrayBuffer> {
  return Buffer.from(new ArrayBuffer(bytes, { maxByteLength: bytes }), 0, bytes)
}

/** As `allocateLarge`, for several threads. A view of it says its length: else it is measured at each access. */
export function allocateLargeShared(bytes: number): SharedArrayBuffer {
  return new SharedArrayBuffer(bytes, { maxByteLength: bytes })
}
