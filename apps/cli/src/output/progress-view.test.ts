import { deepEqual, equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openProgressView, renderLine } from './progress-view.ts'

describe('renderLine', () => {
  it('draws a bar where a percentage is known', () => {
    equal(
      renderLine({ name: 'home', percent: 50, text: '1 of 2' }),
      'home  [============            ]  50%  1 of 2',
    )
  })

  it('draws none where it is not', () => {
    equal(renderLine({ name: 'home', percent: null, text: 'waiting' }), 'home  waiting')
  })

  it('never draws more than a full bar', () => {
    equal(renderLine({ name: 'x', percent: 250, text: '' }).includes(`[${'='.repeat(24)}]`), true)
  })
})

describe('openProgressView', () => {
  it('draws nothing without a terminal, and still says what stays', async () => {
    const said: string[] = []
    const view = await openProgressView({
      stream: process.stderr,
      canDraw: false,
      note: (line) => void said.push(line),
    })
    view.set('home', { percent: 1, text: 'x' })
    view.say('attempt 1 failed')
    view.stop()
    deepEqual(said, ['attempt 1 failed'])
  })
})
