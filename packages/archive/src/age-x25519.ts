import {
  createCipheriv,
  createDecipheriv,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
} from 'node:crypto'
import {
  type AgeStanza,
  damaged,
  decodeBase64,
  encodeBase64,
  FILE_KEY_BYTES,
} from './age-header.ts'
import { type AgeIdentity, type AgeRecipient, publicBytesOf, publicKeyOf } from './age-keys.ts'
import { ArchiveError } from './archive-error.ts'

const stanzaType = 'X25519'
const shareBytes = 32
const tagBytes = 16
/** Each wrap key is used for one file key and never again. */
const nonce = Buffer.alloc(12)
const options = { authTagLength: tagBytes }

/** A stanza that only the owner of the recipient's private key can open. */
export function wrapFileKey(fileKey: Uint8Array, recipient: AgeRecipient): AgeStanza {
  const ephemeral = generateKeyPairSync('x25519')
  const share = publicBytesOf(ephemeral.publicKey)
  const secret = agree(ephemeral.privateKey, recipient.key)
  if (!secret) {
    throw new ArchiveError('recipient-invalid', `Nothing can be encrypted to ${recipient.text}`, {
      remedy: 'Make a key with age-keygen, and write its recipient.',
    })
  }
  const key = wrapKeyOf(secret, share, recipient)
  const cipher = createCipheriv('chacha20-poly1305', key, nonce, options)
  const body = Buffer.concat([cipher.update(fileKey), cipher.final(), cipher.getAuthTag()])
  return { type: stanzaType, args: [encodeBase64(share)], body }
}

/** Null when the stanza is for somebody else; `header-damaged` when it is not well made. */
export function unwrapFileKey(stanza: AgeStanza, identity: AgeIdentity): Buffer | null {
  if (stanza.type !== stanzaType) return null
  const [text = '', ...more] = stanza.args
  const share = decodeBase64(text)
  const isWhole = share?.length === shareBytes && more.length === 0
  if (!isWhole || stanza.body.length !== FILE_KEY_BYTES + tagBytes) {
    throw damaged('an X25519 stanza is not one')
  }
  const secret = agree(identity.key, publicKeyOf(share))
  if (!secret) throw damaged('the share of an X25519 stanza is worth nothing')
  const key = wrapKeyOf(secret, share, identity.recipient)
  const decipher = createDecipheriv('chacha20-poly1305', key, nonce, options)
  decipher.setAuthTag(stanza.body.subarray(FILE_KEY_BYTES))
  const fileKey = decipher.update(stanza.body.subarray(0, FILE_KEY_BYTES))
  try {
    decipher.final()
    return fileKey
  } catch {
    // The tag does not hold: wrapped for another recipient. There is no other way to tell.
    return null
  }
}

/** Null for a point of low order, with which everybody would have the same secret. */
function agree(privateKey: KeyObject, publicKey: KeyObject): Buffer | null {
  try {
    const secret = diffieHellman({ privateKey, publicKey })
    return secret.some((byte) => byte !== 0) ? secret : null
  } catch {
    // OpenSSL refuses such points, and has no other reason to refuse two X25519 keys.
    return null
  }
}

function wrapKeyOf(secret: Uint8Array, share: Uint8Array, recipient: AgeRecipient): Buffer {
  const salt = Buffer.concat([share, publicBytesOf(recipient.key)])
  return Buffer.from(hkdfSync('sha256', secret, salt, 'age-encryption.org/v1/X25519', 32))
}
