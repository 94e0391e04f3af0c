import {
  type CompletedPart,
  CompleteMultipartUploadCommand,
  type CompleteMultipartUploadCommandOutput,
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandInput,
  ListMultipartUploadsCommand,
  type MultipartUpload,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import type { TestServer } from './test-server.ts'

export interface TestUpload {
  readonly UploadId: string | undefined
  part(PartNumber: number, Body: string): Promise<CompletedPart>
  complete(Parts: CompletedPart[], options?: object): Promise<CompleteMultipartUploadCommandOutput>
}

/** An upload in the bucket `box`, of the key `dir/archive` unless told otherwise. */
export async function beginUpload(
  box: TestServer,
  input: Partial<CreateMultipartUploadCommandInput> = {},
): Promise<TestUpload> {
  const create = { Bucket: 'box', Key: 'dir/archive', ...input }
  const { UploadId } = await box.s3.send(new CreateMultipartUploadCommand(create))
  return resumeUpload(box, UploadId, create)
}

/** One that was begun before. */
export function resumeUpload(
  box: TestServer,
  UploadId: string | undefined,
  { Bucket, Key, ChecksumAlgorithm }: CreateMultipartUploadCommandInput,
): TestUpload {
  const target = { Bucket, Key, UploadId }
  const checksum = ChecksumAlgorithm ? { ChecksumAlgorithm } : {}
  return {
    UploadId,
    part: async (PartNumber, Body) => {
      const { $metadata: _, ...part } = await box.s3.send(
        new UploadPartCommand({ ...target, PartNumber, Body, ...checksum }),
      )
      return { ...part, PartNumber }
    },
    complete: (Parts, options = {}) =>
      box.s3.send(
        new CompleteMultipartUploadCommand({ ...target, MultipartUpload: { Parts }, ...options }),
      ),
  }
}

/** All pages. */
export async function uploadsOf(box: TestServer, options: object = {}): Promise<MultipartUpload[]> {
  const found = []
  let marker = {}
  for (;;) {
    const page = await box.s3.send(
      new ListMultipartUploadsCommand({ Bucket: 'box', ...options, ...marker }),
    )
    found.push(...(page.Uploads ?? []))
    if (!page.IsTruncated) return found
    marker = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
  }
}
