import { ValueError } from '../value-error.ts'

/** An age recipient, `age1…`: bech32 of 32 bytes. Throws `ValueError` for anything else. */
export function checkRecipient(text: string): string {
  if (/^AGE-SECRET-KEY-/i.test(text)) {
    throw new ValueError('this is a private key', {
      remedy: 'take it out of the file, and write the recipient that age-keygen -y prints',
    })
  }
  if (/^ssh-/.test(text)) {
    throw new ValueError('SSH keys are not used as recipients', {
      remedy: 'make a key with age-keygen and write its recipient, age1…',
    })
  }
  const isRecipient = /^age1[02-9ac-hj-np-z]{58}$/.test(text) && checksum(text) === 1
  if (isRecipient) return text
  throw new ValueError('not an age recipient', {
    remedy: 'write the text of 62 characters that begins with age1, as age-keygen prints it',
  })
}

const alphabet = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
const generators = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3]

/** 1 for what bech32 (BIP 173) accepts. */
function checksum(text: string): number {
  const prefix = [...'age'].map((letter) => letter.charCodeAt(0))
  const values = [
    ...prefix.map((code) => code >> 5),
    0,
    ...prefix.map((code) => code & 31),
    ...[...text.slice(4)].map((letter) => alphabet.indexOf(letter)),
  ]
  let state = 1
  for (const value of values) {
    const top = state >>> 25
    state = ((state & 0x1ffffff) << 5) ^ value
    generators.forEach((generator, bit) => {
      if ((top >>> bit) & 1) state ^= generator
    })
  }
  return state >>> 0
}
