import { setFlagsFromString } from 'node:v8'

/**
 * From now on old objects have a tenth of room before V8 collects, not as much again: what a backup
 * needs lies outside of the heap. Not from the first line of the process, for while a program is loaded
 * its heap only grows, and each collection, a fifth of the time until the worker is there, is for nothing.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--heap-growing-percent=10')
}
