import { equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isOwnOrigin } from './origin-check.ts'

const host = '127.0.0.1:7373'

describe('isOwnOrigin', () => {
  it('takes a request that no page made', () => {
    equal(isOwnOrigin({ host }, null), true)
  })

  it('takes what the board’s own pages send', () => {
    const headers = { host, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' }
    equal(isOwnOrigin(headers, null), true)
  })

  it('takes the origin of board.url behind a proxy that names the board otherwise', () => {
    const headers = { host, origin: 'https://backup.example.com' }
    equal(isOwnOrigin(headers, 'https://backup.example.com/board'), true)
    equal(isOwnOrigin(headers, null), false)
  })

  for (const headers of [
    { host, origin: 'http://evil.example' },
    { host, origin: 'null' },
    { host, origin: 'http://127.0.0.1:8080' },
    { host, origin: '' },
    { host, 'sec-fetch-site': 'cross-site' },
    { host, 'sec-fetch-site': 'same-site' },
    { host, origin: `http://${host}`, 'sec-fetch-site': 'cross-site' },
    { origin: 'http://undefined' },
  ]) {
    it(`refuses ${JSON.stringify(headers)}`, () => {
      equal(isOwnOrigin(headers, null), false)
    })
  }
})
