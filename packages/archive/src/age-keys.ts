import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { decodeBech32, encodeBech32 } from './age-bech32.ts'
import { ArchiveError } from './archive-error.ts'

/** Whom to encrypt to: an X25519 public key. No secret. */
export interface AgeRecipient {
  /** `age1…` */
  readonly text: string
  readonly key: KeyObject
}

/** Who may decrypt: an X25519 private key, inside a `KeyObject`, which no log can print. */
export interface AgeIdentity {
  readonly recipient: AgeRecipient
  readonly key: KeyObject
}

const recipientPrefix = 'age'
const identityPrefix = 'age-secret-key-'
const keyBytes = 32
/** RFC 8410: what DER has before the 32 bytes of an X25519 key. */
const publicDer = Buffer.from('302a300506032b656e032100', 'hex')
const privateDer = Buffer.from('302e020100300506032b656e04220420', 'hex')

/** `recipient-invalid` for what is not the `age1…` of an X25519 key. */
export function parseAgeRecipient(text: string): AgeRecipient {
  const bytes = decodeBech32(text, recipientPrefix)
  if (bytes?.length === keyBytes && text.startsWith(recipientPrefix)) {
    return { text, key: publicKeyOf(bytes) }
  }
  throw new ArchiveError('recipient-invalid', `${text} is not an age recipient`, {
    remedy: 'Write the recipient that age-keygen prints: 62 characters, beginning with age1.',
  })
}

/**
 * The identities of a file as age-keygen writes it: one a line, `#` begins a comment, empty lines
 * count for nothing. `identity-invalid` for anything else, without a word of what it holds.
 */
export function parseAgeIdentities(text: string): readonly AgeIdentity[] {
  const identities = text.split('\n').flatMap((line, at) => {
    const written = line.replace(/\r$/, '')
    return written === '' || written.startsWith('#') ? [] : [parseIdentity(written, at + 1)]
  })
  if (identities.length > 0) return identities
  throw new ArchiveError('identity-invalid', 'There is no age identity in it', {
    remedy: 'Give the file that age-keygen wrote: it has a line AGE-SECRET-KEY-1….',
  })
}

/** A new key as age-keygen prints it, without its comments. */
export function createAgeKey(): { readonly identity: string; readonly recipient: string } {
  const { publicKey, privateKey } = generateKeyPairSync('x25519')
  const bytes = privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(privateDer.length)
  return {
    identity: encodeBech32(identityPrefix, bytes).toUpperCase(),
    recipient: encodeBech32(recipientPrefix, publicBytesOf(publicKey)),
  }
}

/** X25519 public keys as they stand in a header. */
export function publicKeyOf(bytes: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([publicDer, bytes]), format: 'der', type: 'spki' })
}

/** The 32 bytes of an X25519 public key. */
export function publicBytesOf(key: KeyObject): Buffer {
  return key.export({ format: 'der', type: 'spki' }).subarray(publicDer.length)
}

function parseIdentity(text: string, line: number): AgeIdentity {
  const bytes = decodeBech32(text, identityPrefix)
  if (bytes?.length !== keyBytes || text !== text.toUpperCase()) throw notAnIdentity(text, line)
  const der = Buffer.concat([privateDer, bytes])
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  bytes.fill(0)
  der.fill(0)
  const publicKey = createPublicKey(key)
  const recipient = encodeBech32(recipientPrefix, publicBytesOf(publicKey))
  return { recipient: { text: recipient, key: publicKey }, key }
}

const otherKinds: readonly (readonly [RegExp, string, string])[] = [
  [
    /^(age-encryption\.org\/|-----BEGIN AGE ENCRYPTED FILE)/,
    'the file of identities is itself encrypted',
    'Decrypt it on the way: age -d FILE | backstream restore … -i -',
  ],
  [
    /^age1/,
    'a recipient stands where an identity belongs',
    'Give the private key, AGE-SECRET-KEY-1…: the recipient can only encrypt.',
  ],
  [
    /^(AGE-PLUGIN-|AGE-SECRET-KEY-PQ-|-----BEGIN (OPENSSH|RSA) )/,
    'identities of this kind are not read in this version',
    'Decrypt with age itself: RESTORE.md beside the archive has the command.',
  ],
]

/** Says what kind of thing stands there, never the text: it may be a mistyped key. */
function notAnIdentity(text: string, line: number): ArchiveError {
  const [, what, remedy] = otherKinds.find(([pattern]) => pattern.test(text)) ?? [
    null,
    'not an age identity',
    'Give the file as age-keygen wrote it: each line a comment or AGE-SECRET-KEY-1….',
  ]
  return new ArchiveError('identity-invalid', `Line ${line}: ${what}`, { remedy })
}
