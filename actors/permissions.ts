/** Who may do what in a conversation, by role. Pure; conversation.ts asks before it makes an entry. */
import type { Role } from '../protocol/entry.js'

const RANK: Record<Role, number> = { owner: 4, admin: 3, member: 2, muted: 1, banned: 0 }

export const maySend = (role: Role): boolean => RANK[role] >= RANK.member
/** Adding, removing, renaming. */
export const mayManage = (role: Role): boolean => RANK[role] >= RANK.admin
export const outranks = (role: Role, other: Role): boolean => RANK[role] > RANK[other]

/** Owners give any role to anybody; admins move those below them between member, muted and banned. */
export function maySetRole(by: Role, from: Role, to: Role): boolean {
  return by === 'owner' || (by === 'admin' && outranks('admin', from) && outranks('admin', to))
}
