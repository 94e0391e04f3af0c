import { readFile } from 'node:fs/promises'
import { BackstreamError } from '@backstream/kernel'
import type { SecretRef } from './model.ts'

/** A secret that is not where the configuration says. Names the reference, never a value. */
export class SecretError extends BackstreamError {
  override readonly name: string = 'SecretError'
  declare readonly code: 'secret-missing' | 'secret-unreadable'
}

/**
 * The text of a secret, read now. One newline at a file's end does not count. Rejects with
 * `SecretError` when it is not there or empty.
 */
export async function resolveSecret(
  ref: SecretRef,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  if ('value' in ref) return ref.value
  if ('env' in ref) {
    const value = Object.hasOwn(env, ref.env) ? env[ref.env] : undefined
    if (value) return value
    throw new SecretError('secret-missing', `the environment variable ${ref.env} is not set`, {
      remedy: `set ${ref.env} for this process`,
      permanent: true,
    })
  }
  const value = (await readSecretFile(ref.file)).replace(/\r?\n$/, '')
  if (value !== '') return value
  throw new SecretError('secret-missing', `the secret file ${ref.file} is empty`, {
    remedy: 'write the secret into it',
    permanent: true,
  })
}

async function readSecretFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code
    throw new SecretError('secret-unreadable', `cannot read the secret file ${path} (${code})`, {
      cause,
      remedy: 'check that the file is there and that this user may read it',
      permanent: code === 'ENOENT' || code === 'EACCES' || code === 'EISDIR',
    })
  }
}
