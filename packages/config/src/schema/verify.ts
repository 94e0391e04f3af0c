import type * as z from 'zod'
import type { SecretRef, VerifyConfig } from '../model.ts'
import { keys } from './keys.ts'
import { duration, name, refuse, secretReference } from './value.ts'

/** A private key says which worker holds it: no other one is ever given it. */
export const keyHolderShape: {
  readonly [K in keyof KeyHolderKeys]-?: z.ZodType<KeyHolderKeys[K]>
} = {
  runsOn: name('The worker that does it; any unnamed one when left out').optional(),
  identity: secretReference(
    'The private key for encrypted backups: { file: PATH } on that worker',
  ).optional(),
}

interface KeyHolderKeys {
  readonly runsOn?: string | undefined
  readonly identity?: SecretRef | undefined
}

export const keyWithoutHolder: { readonly message: string; readonly remedy: string } = {
  message: 'a private key without saying which worker holds it',
  remedy: 'add runsOn with the name of that worker',
}

export const verifySchema: z.ZodType<VerifyConfig> = keys({
  every: duration(
    'How often the newest good backup is read back and compared with its manifest',
  ).optional(),
  deep: duration('How often it is also opened and read to its end').optional(),
  ...keyHolderShape,
})
  .describe('Regular verification')
  .transform((value, context): VerifyConfig => {
    const { every, deep, runsOn, identity } = value
    if (identity !== undefined && runsOn === undefined) return refuse(context, keyWithoutHolder)
    if (every === undefined && deep === undefined) {
      return refuse(context, {
        message: 'this verifies nothing',
        remedy: 'say how often: verify: { every: 1d, deep: 7d }',
      })
    }
    return {
      everyMs: every ?? null,
      deepMs: deep ?? null,
      runsOn: runsOn ?? null,
      identity: identity ?? null,
    }
  })
