/**
 * Bytes and text: the few conversions on the message path. Node's `Buffer` has faster versions of three of them and is
 * used when it is there; everything else is what browsers have too. Text is UTF-8, decoded strictly: bytes that are not
 * UTF-8 are undefined, never replaced.
 */
interface NativeBuffer {
  allocUnsafe(length: number): Uint8Array
  allocUnsafeSlow(length: number): Uint8Array
  readonly prototype: { readonly latin1Slice: (this: Uint8Array, start: number, end: number) => string }
}

const native = (globalThis as { Buffer?: NativeBuffer }).Buffer
const latin1Slice = native?.prototype.latin1Slice
const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Longest text for which looking at each byte here is cheaper than calling the decoder. */
const SHORT = 256

/** Bytes of any value, to be written to before they are read. */
export const newBytes = (length: number): Uint8Array =>
  native === undefined ? new Uint8Array(length) : new Uint8Array(native.allocUnsafeSlow(length).buffer)

/** A copy of bytes[start, end) that shares nothing with `bytes`. */
export function copyBytes(bytes: Uint8Array, start: number, end: number): Uint8Array {
  if (native === undefined) return bytes.slice(start, end)
  const copy = native.allocUnsafe(end - start)
  copy.set(bytes.subarray(start, end))
  return copy
}

/** One character a byte. */
export function latin1Text(bytes: Uint8Array, start = 0, end = bytes.length): string {
  if (latin1Slice !== undefined) return latin1Slice.call(bytes, start, end)
  let text = ''
  for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i] ?? 0)
  return text
}

export const utf8Bytes = (text: string): Uint8Array => encoder.encode(text)

/** The text of bytes[start, end); undefined when they are not UTF-8. */
export function utf8Text(bytes: Uint8Array, start = 0, end = bytes.length): string | undefined {
  if (isShortAscii(bytes, start, end)) return latin1Text(bytes, start, end)
  try {
    return decoder.decode(bytes.subarray(start, end))
  } catch {
    return undefined
  }
}

export const isUtf8 = (bytes: Uint8Array, start: number, end: number): boolean =>
  isShortAscii(bytes, start, end) || utf8Text(bytes, start, end) !== undefined

export const base64Text = (bytes: Uint8Array): string => btoa(latin1Text(bytes))

/** The bytes of a standard base64 text with padding; undefined when it is anything else. */
export function base64Bytes(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined
  const latin1 = atob(text)
  return Uint8Array.from({ length: latin1.length }, (_, i) => latin1.charCodeAt(i))
}

function isShortAscii(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start > SHORT) return false
  for (let i = start; i < end; i++) if ((bytes[i] ?? 0) > 0x7f) return false
  return true
}
