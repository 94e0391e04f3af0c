import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildXml, parseXml } from './xml.ts'

test('brings any text through a document and back', () => {
  const text = ' <a>&amp;"\'\r\n\t\u0001 é\u{1f600} ]]> '
  const root = parseXml(buildXml('Root', { Key: text }), 'Root')
  assert.equal(root.requiredText('Key'), text)
})

test('decodes named and numbered references once', () => {
  const root = parseXml('<R><K>&#x41;&#66;&amp;lt;&quot;</K></R>', 'R')
  assert.equal(root.requiredText('K'), 'AB&lt;"')
})

test('takes ten thousand parts with quoted ETags', () => {
  const parts = Array.from(
    { length: 10_000 },
    (_, at) => `<Part><ETag>&quot;${at}&quot;</ETag></Part>`,
  )
  const root = parseXml(`<C>${parts.join('')}</C>`, 'C')
  assert.equal(root.all('Part').at(-1)?.requiredText('ETag'), '"9999"')
})

test('reads an empty element as empty text and a missing one as undefined', () => {
  const root = parseXml('<R><Key></Key><Other/></R>', 'R')
  assert.equal(root.text('Key'), '')
  assert.equal(root.text('Other'), '')
  assert.equal(root.text('Third'), undefined)
})

for (const [what, text] of [
  ['broken markup', '<R><K></R>'],
  ['another root', '<Other/>'],
  ['nothing', ''],
  ['text without an element', 'hello'],
  ['a DOCTYPE', '<!DOCTYPE R [<!ENTITY x "y">]><R><K>&x;</K></R>'],
] as const) {
  test(`refuses ${what} as MalformedXML`, () => {
    assert.throws(() => parseXml(text, 'R'), { code: 'MalformedXML' })
  })
}

test('refuses an element with children or siblings where one text is expected', () => {
  assert.throws(() => parseXml('<R><K><a/></K></R>', 'R').text('K'), { code: 'MalformedXML' })
  assert.throws(() => parseXml('<R><K>1</K><K>2</K></R>', 'R').text('K'), { code: 'MalformedXML' })
})
