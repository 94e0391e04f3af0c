import { S3Error } from './s3-error.ts'

export interface KeyPair {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** S3 actions this key may not do, `*` matches anything: `s3:DeleteObject`, `s3:Delete*`. */
  readonly deny: readonly string[]
}

/** Throws `AccessDenied` when one of the actions is denied to the key. */
export function requireActions(caller: KeyPair, actions: readonly string[]): void {
  for (const action of actions) {
    if (!mayDo(caller, action)) {
      throw new S3Error('AccessDenied', {
        message: `The key ${caller.accessKeyId} is not allowed to perform ${action}`,
      })
    }
  }
}

export function mayDo(caller: KeyPair, action: string): boolean {
  return !caller.deny.some((pattern) => matches(pattern, action))
}

function matches(pattern: string, action: string): boolean {
  const source = pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')
  return new RegExp(`^${source}$`, 'i').test(action)
}
