/**
 * Proxy peer: whose request this is. uWebSockets.js reads a PROXY v2 header from anybody and before every request; it is
 * believed only from the balancers in `trustedProxies`, and anybody else who sends one is named a forger.
 * Also the reason why answers to balancers close: see http-answer.ts.
 */
import { BlockList, isIP } from 'node:net'
import type { HttpResponse } from 'uWebSockets.js'

export interface Peer {
  /** The client's address as text; behind a trusted balancer the one it reports. */
  readonly address: string
  /** The address came from a PROXY header. */
  readonly proxied: boolean
  /** A PROXY header from a peer that is no trusted balancer; `address` is the peer's own. */
  readonly forged: boolean
}

export interface ProxyPeers {
  /** Call while the response is still to be answered. */
  of(response: Pick<HttpResponse, 'getRemoteAddress' | 'getProxiedRemoteAddress'>): Peer
}

/** `trusted`: addresses or CIDR ranges, IPv4 or IPv6. Throws on one that is neither. */
export function proxyPeers(trusted: readonly string[]): ProxyPeers {
  const balancers = new BlockList()
  for (const range of trusted) addRange(balancers, range)
  return {
    of(response) {
      const address = addressText(response.getRemoteAddress())
      const reported = response.getProxiedRemoteAddress()
      if (reported.byteLength === 0) return { address, proxied: false, forged: false }
      if (!balancers.check(address, family(address))) return { address, proxied: false, forged: true }
      return { address: addressText(reported), proxied: true, forged: false }
    },
  }
}

function addRange(balancers: BlockList, range: string): void {
  const [address = '', bits, ...rest] = range.split('/')
  const version = isIP(address)
  const prefix = bits === undefined ? (version === 4 ? 32 : 128) : /^\d{1,3}$/.test(bits) ? Number(bits) : -1
  if (version === 0 || rest.length > 0 || prefix < 0 || prefix > (version === 4 ? 32 : 128)) {
    throw new Error(`${range} is not an address or CIDR range`)
  }
  balancers.addSubnet(address, prefix, family(address))
}

const family = (address: string) => (address.includes(':') ? 'ipv6' : 'ipv4')

/** 4 or 16 bytes as text: IPv6 in its canonical form (RFC 5952), IPv4 inside IPv6 as IPv4. */
export function addressText(bytes: ArrayBuffer): string {
  const octets = new Uint8Array(bytes)
  if (octets.length !== 16) return octets.join('.')
  if (isMappedIPv4(octets)) return octets.subarray(12).join('.')
  const groups = Array.from({ length: 8 }, (_, i) => new DataView(bytes).getUint16(2 * i).toString(16))
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)
}

/** ::ffff:0:0/96, RFC 4291 section 2.5.5.2. */
const isMappedIPv4 = (octets: Uint8Array): boolean =>
  octets.subarray(0, 10).every((octet) => octet === 0) && octets[10] === 255 && octets[11] === 255
