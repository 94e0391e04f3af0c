/** Keys for the tests of this package: each number makes a pair of its own. */
import { createHash } from 'node:crypto'
import { encodeBech32 } from './age-bech32.ts'
import { type AgeIdentity, parseAgeIdentities } from './age-keys.ts'

/** As age-keygen writes it. */
export function identityText(number: number): string {
  const secret = createHash('sha256').update(`identity ${number}`).digest()
  return encodeBech32('age-secret-key-', secret).toUpperCase()
}

export function sampleIdentity(number: number): AgeIdentity {
  const [identity] = parseAgeIdentities(identityText(number))
  if (!identity) throw new Error('no identity')
  return identity
}
