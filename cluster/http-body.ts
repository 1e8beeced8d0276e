/**
 * HTTP body: reads the JSON body of a request, bounded, copying each chunk because uWebSockets.js reuses its memory. When the
 * request is aborted the promise is never settled and goes with the request.
 */
import type { HttpResponse } from 'uWebSockets.js'
import { utf8Text } from '../protocol/bytes.js'
import { jsonDepth } from '../protocol/json-text.js'
import { HttpFailure } from './http-errors.js'

/** Room for the largest content in base64, its extra, and 100 user ids. */
const BODY_BYTES = 128 * 1024
/** Deeper than any body with an `extra` at its limit. */
const BODY_DEPTH = 32

/** Rejects with HttpFailure. Call before the request handler returns. */
export async function readJson(response: HttpResponse): Promise<unknown> {
  return parseJson(await readBody(response))
}

function readBody(response: HttpResponse): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    response.onData((chunk, isLast) => {
      bytes += chunk.byteLength
      if (bytes > BODY_BYTES) return reject(new HttpFailure('too-large', `a body holds at most ${BODY_BYTES} bytes`))
      chunks.push(Buffer.from(Buffer.from(chunk)))
      if (isLast) resolve(Buffer.concat(chunks))
    })
  })
}

function parseJson(body: Buffer): unknown {
  const text = utf8Text(body)
  if (text === undefined) throw new HttpFailure('bad-frame', 'the body is not UTF-8')
  if (jsonDepth(text) > BODY_DEPTH) throw new HttpFailure('too-large', `a body nests at most ${BODY_DEPTH} levels`)
  try {
    return JSON.parse(text)
  } catch {
    throw new HttpFailure('bad-frame', 'the body is not JSON')
  }
}
