import { randomBytes } from 'node:crypto'

/** 32 hexadecimal digits: safe in file names, XML and URLs. */
export function randomId(): string {
  return randomBytes(16).toString('hex')
}
