/**
 * Configuration of the peer `ejabberd`, in its YAML (docs.ejabberd.im, admin/configuration). What is not here is its default.
 */
import { XMPP_HOST } from '../load/protocols/xmpp.js'

export function ejabberdConfiguration(port: number, database: URL): string {
  return `hosts: [${XMPP_HOST}]
loglevel: warning
log_rotate_count: 0

listen:
  - port: ${port}
    ip: "127.0.0.1"
    module: ejabberd_http
    backlog: 512
    request_handlers:
      /ws: ejabberd_http_ws

auth_method: anonymous
anonymous_protocol: login_anon
allow_multiple_connections: false

sql_type: pgsql
sql_server: "${database.hostname}"
sql_port: ${database.port}
sql_database: "${database.pathname.slice(1)}"
sql_username: "${decodeURIComponent(database.username)}"
sql_password: "${decodeURIComponent(database.password)}"

access_rules:
  c2s:
    allow: all
shaper_rules:
  max_user_sessions: infinity
  c2s_shaper: none

modules:
  mod_ping: {}
  mod_stream_mgmt:
    max_ack_queue: infinity
  mod_mam:
    db_type: sql
    default: always
  mod_muc:
    access: all
    access_create: all
    access_mam: all
    max_users: 20000
    max_room_id: infinity
    default_room_options:
      mam: true
      persistent: false
      presence_broadcast: []
      max_users: 20000
`
}
