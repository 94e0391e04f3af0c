import { equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isKnownHost } from './host-check.ts'

const at = { address: '127.0.0.1', port: 7373 }

describe('isKnownHost', () => {
  for (const header of ['127.0.0.1:7373', 'localhost:7373', 'LOCALHOST:8080', '[::1]:7373']) {
    it(`serves a board on this machine as ${header}`, () => {
      equal(isKnownHost(header, at, { host: '127.0.0.1', url: null }), true)
    })
  }

  for (const header of [
    undefined,
    '',
    'evil.example',
    'evil.example:7373',
    '127.0.0.1.evil.example:7373',
    'localhost.evil.example',
    'localhost:7373@evil.example',
    'evil.example/127.0.0.1:7373',
    '10.0.0.7:7373',
    '0.0.0.0:7373',
  ]) {
    it(`refuses ${header ?? 'a request without Host'}`, () => {
      equal(isKnownHost(header, at, { host: '127.0.0.1', url: null }), false)
    })
  }

  it('serves the host of board.url, with its port or the one of its scheme', () => {
    const rules = { host: '127.0.0.1', url: 'https://Backup.example.com' }
    equal(isKnownHost('backup.example.com', at, rules), true)
    equal(isKnownHost('backup.example.com:443', at, rules), true)
    equal(isKnownHost('backup.example.com:8443', at, rules), false)
    equal(isKnownHost('example.com', at, rules), false)
  })

  it('serves the address it listens on, with its port', () => {
    const there = { address: '192.0.2.5', port: 7373 }
    equal(isKnownHost('192.0.2.5:7373', there, { host: '192.0.2.5', url: null }), true)
    equal(isKnownHost('192.0.2.5:80', there, { host: '192.0.2.5', url: null }), false)
  })

  it('on all addresses, serves the one the connection came in by, and no name', () => {
    const there = { address: '::ffff:192.0.2.5', port: 7373 }
    equal(isKnownHost('192.0.2.5:7373', there, { host: '::', url: null }), true)
    equal(isKnownHost('192.0.2.6:7373', there, { host: '::', url: null }), false)
    equal(isKnownHost('0.0.0.0:7373', there, { host: '0.0.0.0', url: null }), false)
    equal(isKnownHost('nas.local:7373', there, { host: '0.0.0.0', url: null }), false)
  })
})
