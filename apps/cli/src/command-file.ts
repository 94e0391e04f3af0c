import { fileURLToPath } from 'node:url'

/** This very command, for whoever starts it once more; it lies one level above this, in the package too. */
export const commandFile: string = fileURLToPath(new URL('../bin/backstream.js', import.meta.url))
