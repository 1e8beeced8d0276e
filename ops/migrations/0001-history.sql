-- History: what the journal stored, as rows to query. Written by the owners of the shards (cluster/history-postgres.ts), each
-- batch with the position of its shard in the same statement. Ids compare by bytes ("C"), so that no locale of the server or
-- its upgrade changes an index. There are no foreign keys: rows arrive in journal order, and a check per row would double the
-- cost of a batch. Times are milliseconds since 1970, hashes are XXH64 of the id as a signed number (actors/hash.ts).

CREATE TABLE cluster (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  shards integer NOT NULL CHECK (shards BETWEEN 1 AND 1024)
);

-- Every shard there can be, so that moving a position is always an update. Pages are left mostly empty: these few rows are
-- rewritten with every batch, and stay in place that way (HOT).
CREATE TABLE shards (
  shard integer PRIMARY KEY,
  stream text COLLATE "C" NOT NULL DEFAULT '',
  seq bigint NOT NULL DEFAULT 0,
  epoch bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 20);
INSERT INTO shards (shard) SELECT generate_series(0, 1023);

-- Only the primary key is indexed: a batch rewrites the row of every conversation in it, in place.
CREATE TABLE conversations (
  id text COLLATE "C" PRIMARY KEY,
  hash bigint NOT NULL,
  kind text COLLATE "C" NOT NULL,
  epoch bigint NOT NULL,
  head bigint NOT NULL,
  ordinal bigint NOT NULL,
  membership_seq bigint NOT NULL,
  title text NOT NULL,
  open boolean NOT NULL,
  creator text COLLATE "C" NOT NULL,
  time bigint NOT NULL
) WITH (fillfactor = 80);

-- Also those who left: `spans` are the intervals of what they may see. Marks rise in place.
CREATE TABLE participants (
  conversation text COLLATE "C" NOT NULL,
  user_id text COLLATE "C" NOT NULL,
  role text COLLATE "C" NOT NULL,
  spans bigint[] NOT NULL,
  delivered bigint NOT NULL,
  read bigint NOT NULL,
  PRIMARY KEY (conversation, user_id)
) WITH (fillfactor = 80);

-- The conversations of a user, as kept by the conversation `u:<user>`. The key serves the list by user.
CREATE TABLE lists (
  user_id text COLLATE "C" NOT NULL,
  conversation text COLLATE "C" NOT NULL,
  since bigint NOT NULL,
  epoch bigint NOT NULL,
  PRIMARY KEY (user_id, conversation)
);

-- Every user who ever had a conversation of their own, with the hash that places it.
CREATE TABLE users (
  id text COLLATE "C" PRIMARY KEY,
  hash bigint NOT NULL,
  first_seen bigint NOT NULL
);

-- One partition per month of `time`; there is no default one, an entry makes its partition first (messages_partition below).
-- `extra` is bytes like `content`: text here cannot hold NUL, and what a sender wrote is stored as received.
-- Measured: the row of a 128-byte message takes 273 bytes, its entries in the two indexes 100 and 31.
CREATE TABLE messages (
  seq bigint NOT NULL,
  epoch bigint NOT NULL,
  ordinal bigint NOT NULL,
  time bigint NOT NULL,
  message_id uuid,
  ttl integer NOT NULL,
  version smallint NOT NULL,
  kind smallint NOT NULL,
  type smallint NOT NULL,
  priority smallint NOT NULL,
  conversation text COLLATE "C" NOT NULL,
  sender text COLLATE "C" NOT NULL,
  device text COLLATE "C" NOT NULL,
  content bytea NOT NULL,
  extra bytea,
  -- Pages by conversation and seq, and the guard against storing an entry twice. A random leaf for each conversation of a
  -- batch: the dearer of the two indexes.
  PRIMARY KEY (conversation, seq, time)
) PARTITION BY RANGE (time);

-- Looks for a client message id of any age. The ids begin with their time (UUIDv7), so new ones go to the right-most leaf,
-- which is in memory: cheap to keep. Conversation and sender are checked in the row, an id in several is rare.
CREATE INDEX messages_by_id ON messages (message_id) WHERE message_id IS NOT NULL;

-- Rows that history refused, with the reason: nothing a user wrote is dropped silently. `body` is the msgpack of the row.
CREATE TABLE quarantine (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT now(),
  shard integer NOT NULL,
  stream text NOT NULL,
  seq bigint NOT NULL,
  what text NOT NULL,
  reason text NOT NULL,
  body bytea NOT NULL
);

-- Makes the partition for times from `low` below `high` unless it is there. Attaching takes a weaker lock than creating in place:
-- who reads and writes the other partitions goes on. A table that was detached and not dropped is attached again. The commit waits
-- for the disk, whatever the server's setting: nodes remember which partitions there are.
CREATE FUNCTION messages_partition(partition text, low bigint, high bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('synchronous_commit', 'on', true), pg_advisory_xact_lock(hashtext('rookery partitions'));
  IF EXISTS (SELECT FROM pg_inherits WHERE inhparent = 'messages'::regclass AND inhrelid = to_regclass(quote_ident(partition))) THEN
    RETURN;
  END IF;
  EXECUTE format('CREATE TABLE IF NOT EXISTS %I (LIKE messages INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', partition);
  EXECUTE format('ALTER TABLE messages ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)', partition, low, high);
END $$;

-- The client message ids of a conversation since a time, newest first. It walks back from the newest entry and stops at the first
-- older one, which no plain query does without one more index (60 bytes a row): times never fall along a conversation.
CREATE FUNCTION message_ids(wanted text, since bigint)
RETURNS TABLE (sender text, message_id uuid, seq bigint, epoch bigint, "time" bigint) LANGUAGE plpgsql STABLE AS $$
BEGIN
  FOR sender, message_id, seq, epoch, "time" IN
    SELECT m.sender, m.message_id, m.seq, m.epoch, m.time FROM messages m WHERE m.conversation = wanted ORDER BY m.seq DESC
  LOOP
    EXIT WHEN "time" < since;
    IF message_id IS NOT NULL THEN RETURN NEXT; END IF;
  END LOOP;
END $$;
