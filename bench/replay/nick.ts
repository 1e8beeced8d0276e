/**
 * Nicks as user ids: a reversible escape of any nick onto the id grammar (`A-Z a-z 0-9 _ . ~ -`, 64 characters), behind the
 * name of the run, so that runs against one server never meet. A character outside the grammar becomes `~` and the hex of
 * its UTF-8 bytes; a nick that would grow too long that way becomes `~~` and its base64url.
 */
import { isUserId, type UserId } from '../../protocol/ids.js'

const RUN = /^[a-z0-9]{1,16}$/
const PACKED = '~~'

export const isRun = (text: string): boolean => RUN.test(text)

/** Throws when the nick does not fit into 64 characters either way. */
export function nickToUser(nick: string, run: string): UserId {
  const user = [escape(nick), PACKED + Buffer.from(nick).toString('base64url')]
    .map((escaped) => `${run}.${escaped}`)
    .find((id) => isUserId(id))
  if (user === undefined) throw new Error(`the nick ${JSON.stringify(nick)} is too long for a user id`)
  return user
}

/** The nick behind a user id of any run. */
export function userToNick(user: UserId): string {
  const escaped = user.slice(user.indexOf('.') + 1)
  if (escaped.startsWith(PACKED)) return Buffer.from(escaped.slice(PACKED.length), 'base64url').toString()
  return decodeURIComponent(escaped.replaceAll('~', '%'))
}

function escape(nick: string): string {
  return nick.replace(/[^A-Za-z0-9_.-]/gu, (character) =>
    Buffer.from(character).reduce((text, byte) => `${text}~${byte.toString(16).padStart(2, '0')}`, ''),
  )
}
