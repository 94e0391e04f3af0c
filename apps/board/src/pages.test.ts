import { equal, match } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ask, startSampleBoard, tokenOf } from './sample-board.ts'

describe('the board’s pages', () => {
  it('lets no script and no style stand in a page', async () => {
    await using board = await startSampleBoard()
    const { headers, body } = await ask(board.url)
    const policy = String(headers['content-security-policy'])
    match(policy, /script-src 'self';/)
    equal(policy.includes('unsafe'), false)
    equal(/<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/.test(body), false)
  })

  it('changes nothing outside of Bull Board’s API', async () => {
    await using board = await startSampleBoard()
    const headers = await tokenOf(board.url)
    for (const path of ['/', '/metrics', '/nowhere', '/plans/media']) {
      equal((await ask(board.url + path, { method: 'POST', headers })).status, 404)
    }
  })

  it('may not be framed, sniffed or scripted from elsewhere', async () => {
    await using board = await startSampleBoard()
    for (const path of ['/', '/queues/', '/healthz', '/nowhere']) {
      const { headers } = await ask(board.url + path)
      match(String(headers['content-security-policy']), /frame-ancestors 'none'/)
      match(String(headers['content-security-policy']), /default-src 'none'/)
      equal(headers['x-content-type-options'], 'nosniff')
      equal(headers['x-powered-by'], undefined)
    }
  })
})
