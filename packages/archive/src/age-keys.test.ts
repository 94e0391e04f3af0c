import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { decodeBech32, encodeBech32 } from './age-bech32.ts'
import { createAgeKey, parseAgeIdentities, parseAgeRecipient } from './age-keys.ts'
import { identityText } from './age-samples.ts'

/** The pair of the age specification. */
const identity = 'AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX'
const recipient = 'age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj'

describe('bech32', () => {
  it('gives back the bytes that went in', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        assert.deepEqual(decodeBech32(encodeBech32('age', bytes), 'age'), Buffer.from(bytes))
      }),
    )
  })

  it('refuses a letter that was changed, wherever it stands', () => {
    for (let at = 0; at < recipient.length; at++) {
      const other = recipient[at] === 'q' ? 'p' : 'q'
      assert.equal(
        decodeBech32(recipient.slice(0, at) + other + recipient.slice(at + 1), 'age'),
        null,
      )
    }
  })

  it('refuses letters of both cases', () => {
    assert.equal(decodeBech32(recipient.replace('zvk', 'ZVK'), 'age'), null)
    assert.notEqual(decodeBech32(recipient.toUpperCase(), 'age'), null)
  })
})

describe('a new key', () => {
  it('reads back, belongs to its recipient, and is another each time', () => {
    const { identity, recipient } = createAgeKey()
    const [read] = parseAgeIdentities(`# public key: ${recipient}\n${identity}\n`)
    assert.equal(read?.recipient.text, recipient)
    assert.equal(parseAgeRecipient(recipient).text, recipient)
    assert.notEqual(createAgeKey().identity, identity)
  })
})

describe('an identity file', () => {
  it('holds identities, comments and empty lines, and each identity knows its recipient', () => {
    const text = `# created: 2026-11-23T03:15:00Z\n# public key: ${recipient}\r\n${identity}\r\n\n${identityText(1)}`
    const identities = parseAgeIdentities(text)
    assert.equal(identities.length, 2)
    assert.equal(identities[0]?.recipient.text, recipient)
  })

  it('is refused with what is wrong with it, and without a word of what it holds', () => {
    const mistyped = identity.replace('GFP', 'GFQ')
    const cases: readonly (readonly [string, RegExp, RegExp])[] = [
      ['', /no age identity/, /age-keygen/],
      ['# only a comment\n', /no age identity/, /age-keygen/],
      [`\n${mistyped}`, /Line 2: not an age identity/, /AGE-SECRET-KEY-1/],
      [identity.toLowerCase(), /Line 1/, /AGE-SECRET-KEY-1/],
      [` ${identity}`, /Line 1/, /AGE-SECRET-KEY-1/],
      [recipient, /a recipient stands/, /private key/],
      ['age-encryption.org/v1\n-> scrypt …', /itself encrypted/, /age -d/],
      ['AGE-PLUGIN-YUBIKEY-1QQQ', /this kind/, /RESTORE\.md/],
    ]
    for (const [text, message, remedy] of cases) {
      assert.throws(() => parseAgeIdentities(text), { code: 'identity-invalid', message, remedy })
    }
    assert.throws(
      () => parseAgeIdentities(mistyped),
      (error) => !inspect(error).includes('ZGFPYYSJZ'),
    )
  })

  it('does not show its secret to a log', () => {
    const shown = inspect(parseAgeIdentities(identity), { depth: 9, showHidden: true })
    assert.ok(!shown.includes('SECRET'))
    assert.ok(!JSON.stringify(parseAgeIdentities(identity)).includes('SECRET'))
  })
})

describe('a recipient', () => {
  it('is refused when it is not one', () => {
    for (const text of ['', 'age1', identity, recipient.toUpperCase(), `${recipient}\n`]) {
      assert.throws(() => parseAgeRecipient(text), { code: 'recipient-invalid', remedy: /age1/ })
    }
    assert.equal(parseAgeRecipient(recipient).text, recipient)
  })
})
