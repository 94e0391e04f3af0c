import type { SinkObject } from './sink-store.ts'

const declaration = '<?xml version="1.0" encoding="UTF-8"?>'
const namespace = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
/** Nothing here is old enough for its time to matter. */
const modifiedAt = '2026-01-01T00:00:00.000Z'

export function createdXml(key: string, uploadId: string): string {
  return root('InitiateMultipartUploadResult', tag('Key', key) + tag('UploadId', uploadId))
}

export function completedXml(key: string, etag: string): string {
  return root('CompleteMultipartUploadResult', tag('Key', key) + tag('ETag', `"${etag}"`))
}

export function errorXml(code: string): string {
  return `${declaration}<Error>${tag('Code', code)}${tag('Message', code)}</Error>`
}

export function listXml(
  objects: readonly (SinkObject & { readonly key: string })[],
  folders: readonly string[],
): string {
  const contents = objects.map(
    ({ key, bytes, etag }) =>
      `<Contents>${tag('Key', key)}${tag('LastModified', modifiedAt)}${tag('ETag', `"${etag}"`)}${tag('Size', String(bytes))}</Contents>`,
  )
  const prefixes = folders.map(
    (folder) => `<CommonPrefixes>${tag('Prefix', folder)}</CommonPrefixes>`,
  )
  const count = tag('KeyCount', String(objects.length + folders.length))
  const whole = tag('IsTruncated', 'false')
  return root('ListBucketResult', count + whole + contents.join('') + prefixes.join(''))
}

export function uploadsXml(
  uploads: readonly { readonly id: string; readonly key: string }[],
): string {
  const entries = uploads.map(
    ({ id, key }) =>
      `<Upload>${tag('Key', key)}${tag('UploadId', id)}${tag('Initiated', modifiedAt)}</Upload>`,
  )
  return root('ListMultipartUploadsResult', tag('IsTruncated', 'false') + entries.join(''))
}

function root(name: string, content: string): string {
  return `${declaration}<${name} ${namespace}>${content}</${name}>`
}

function tag(name: string, text: string): string {
  return `<${name}>${text.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`)}</${name}>`
}
