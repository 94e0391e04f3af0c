import { equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { prose } from './html.ts'

describe('prose', () => {
  it('sets apart what is to be typed, and escapes all of it', () => {
    equal(
      String(prose('`a <b>` brings <one> back')),
      '<code>a &lt;b&gt;</code> brings &lt;one&gt; back',
    )
  })
})
