import { versionHeader } from '../object-headers.ts'
import { xmlReply } from '../reply.ts'
import { readText } from '../request-body.ts'
import type { Handler, S3Request, ServerState } from '../s3-request.ts'
import { checkTags, type Tags } from '../tags.ts'
import { buildXml, parseXml } from '../xml.ts'
import { type Found, findVersion } from './find-version.ts'

export const getObjectTagging: Handler = async (request, server) => {
  const { bucket, version } = findVersion(request, server)
  const set = Object.entries(version.tags).map(([Key, Value]) => ({ Key, Value }))
  return xmlReply(buildXml('Tagging', { TagSet: { Tag: set } }), {
    headers: versionHeader(bucket, version),
  })
}

export const putObjectTagging: Handler = async (request, server) => {
  const root = parseXml(await readText(request.body), 'Tagging')
  const elements = root.child('TagSet')?.all('Tag') ?? []
  const tags = checkTags(
    elements.map((element) => [element.requiredText('Key'), element.requiredText('Value')]),
  )
  const { bucket, version } = await setTags(request, server, tags)
  return { status: 200, headers: versionHeader(bucket, version) }
}

export const deleteObjectTagging: Handler = async (request, server) => {
  const { bucket, version } = await setTags(request, server, {})
  return { status: 204, headers: versionHeader(bucket, version) }
}

async function setTags(request: S3Request, server: ServerState, tags: Tags): Promise<Found> {
  const found = findVersion(request, server)
  const version = await found.bucket.update(
    found.version.key,
    () => findVersion(request, server).version,
    (old) => ({ ...old, tags }),
  )
  return { ...found, version }
}
