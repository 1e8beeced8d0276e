/**
 * Origin: which web pages may open a connection. Browsers name the page's origin in the upgrade request; whatever sends none
 * is not a browser and is judged by its token alone.
 */
export type OriginCheck = (origin: string) => boolean

/** `allowed` are origins as browsers write them (`https://chat.example`), or `*` for all. Throws on one that is neither. */
export function originCheck(allowed: readonly string[]): OriginCheck {
  if (allowed.includes('*')) return () => true
  const origins = new Set(allowed.map(canonical))
  return (origin) => origin === '' || origins.has(origin.toLowerCase())
}

function canonical(text: string): string {
  const { origin } = new URL(text)
  if (origin === 'null' || origin !== text.toLowerCase().replace(/\/$/, '')) {
    throw new Error(`${text} is not an origin: write scheme, host and, unless it is the scheme's own, port`)
  }
  return origin
}
