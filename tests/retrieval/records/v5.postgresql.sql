CREATE TABLE corrections (
	pk SERIAL NOT NULL, 
	user_key VARCHAR(64) NOT NULL, 
	user_id TEXT NOT NULL, 
	schema_key VARCHAR(64) NOT NULL, 
	schema TEXT NOT NULL, 
	document TEXT NOT NULL, 
	PRIMARY KEY (pk)
);
CREATE INDEX ix_corrections_user_key ON corrections (user_key);
INSERT INTO corrections (pk, user_key, user_id, schema_key, schema, document) VALUES (1, 'ec011555d6e086b13b442e1ed675eadc', 'ada', '4016f8c6ef310b1f7c1afb4f4abcf359', 'customer', '{"pointer": "/city", "value": "M\u00fcnchen"}');
SELECT setval(pg_get_serial_sequence('corrections', 'pk'), 1000);
CREATE TABLE erasures (
	number SERIAL NOT NULL, 
	subject VARCHAR(64) NOT NULL, 
	state VARCHAR(8) NOT NULL, 
	receipt TEXT NOT NULL, 
	PRIMARY KEY (number)
);
CREATE INDEX ix_erasures_subject ON erasures (subject);
INSERT INTO erasures (number, subject, state, receipt) VALUES (1, '8dc6d32cce113bdc6e0da178e8b5140ed29ed89a325fff3b2b15d56c0c351996', 'done', '{"receipt": 1, "store": "16beb436cce64163b0c327dda1086bb0", "number": 1, "subject": "8dc6d32cce113bdc6e0da178e8b5140ed29ed89a325fff3b2b15d56c0c351996", "scope": {"kind": "user"}, "erased": {"events": 1, "raw_forms": 0, "snippets": 1, "vectors": 1, "profile_versions": 0, "corrections": 0, "corrections_cut": 0, "events_left": 0, "undated": 0}, "erased_at": "2026-11-26T11:32:58Z", "completed_at": "2026-11-26T11:32:59Z", "limner": "0.1.0", "state": "done", "meaning": "No byte of it is left in the files of the store.", "leftover": [], "elsewhere": "Not reached: backups and copies of the store, the history files that were loaded, files that commands wrote (--out, --report), blocks that the file system freed but did not overwrite, caches and logs of model servers, memory of other running programs.", "signature": {"algorithm": "HMAC-SHA256", "key": "6df372cf690ba2f0", "value": "55fa9c6e1451dae983fd41dc7c50d8352f5225e09d8099c9671d399c7b8eca2b"}}');
CREATE TABLE events (
	pk SERIAL NOT NULL, 
	user_key VARCHAR(64) NOT NULL, 
	event_key VARCHAR(64) NOT NULL, 
	user_id TEXT NOT NULL, 
	event_id TEXT NOT NULL, 
	timestamp VARCHAR(64), 
	epoch FLOAT(53), 
	channel TEXT, 
	speaker TEXT, 
	role VARCHAR(8) NOT NULL, 
	text TEXT NOT NULL, 
	raw TEXT, 
	metadata TEXT NOT NULL, 
	content_hash VARCHAR(64) NOT NULL, 
	row_hash VARCHAR(64), 
	language TEXT, 
	copy_of TEXT, 
	PRIMARY KEY (pk), 
	UNIQUE (event_key)
);
CREATE INDEX ix_events_row_hash ON events (row_hash);
CREATE INDEX ix_events_user_key ON events (user_key);
INSERT INTO events (pk, user_key, event_key, user_id, event_id, timestamp, epoch, channel, speaker, role, text, raw, metadata, content_hash, row_hash, language, copy_of) VALUES (1, 'ec011555d6e086b13b442e1ed675eadc', '73f348f4dd6174a6eff8605c7d2c083d', 'ada', 'a1', '2024-03-01T09:00:00Z', 1709283600.0, 'email', 'user', 'user', 'I moved from Hamburg to Munich last month. My parcel 4711 has not come yet.', NULL, '{}', 'ec6202a7e1e7e9b16669f9d3c25bdc79', '341eb0dcc013dc049069b64a4b4a8d33', 'en', NULL);
INSERT INTO events (pk, user_key, event_key, user_id, event_id, timestamp, epoch, channel, speaker, role, text, raw, metadata, content_hash, row_hash, language, copy_of) VALUES (2, 'ec011555d6e086b13b442e1ed675eadc', 'b1b00701186cce656cc7f2e718589189', 'ada', 'a2', '2024-03-02T10:30:00Z', 1709375400.0, 'chat', 'agent', 'agent', 'It''s on its way; the driver said "tomorrow".', NULL, '{}', 'c32981e044f8ea9c49b938f9859c857b', '7ad42d348003be8213a05bb1cba8df34', 'en', NULL);
INSERT INTO events (pk, user_key, event_key, user_id, event_id, timestamp, epoch, channel, speaker, role, text, raw, metadata, content_hash, row_hash, language, copy_of) VALUES (3, 'b6944fb4207650ca966a21d2be0d65ec', '226826c21d48376174dee92ac2cd3acc', '李雷', 'b1', '2024-04-01T00:00:00Z', 1711929600.0, 'chat', 'user', 'user', '我上个月搬到杭州了。我对花生过敏，请记下来。', NULL, '{}', '2b740ce183ae54cde33e59028b5defaa', '396a1329352432e9b4a76c8d9476a500', 'zh', NULL);
SELECT setval(pg_get_serial_sequence('events', 'pk'), 1000);
CREATE TABLE meta (
	key VARCHAR(32) NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (key)
);
INSERT INTO meta (key, value) VALUES ('schema', '5');
INSERT INTO meta (key, value) VALUES ('embedder', 'fake:hashing-64');
INSERT INTO meta (key, value) VALUES ('dimension', '64');
INSERT INTO meta (key, value) VALUES ('generation', '4');
INSERT INTO meta (key, value) VALUES ('store', '16beb436cce64163b0c327dda1086bb0');
CREATE TABLE removals (
	vector_id VARCHAR(64) NOT NULL, 
	PRIMARY KEY (vector_id)
);
CREATE TABLE tombstones (
	mark VARCHAR(64) NOT NULL, 
	kind VARCHAR(8) NOT NULL, 
	until FLOAT(53), 
	PRIMARY KEY (mark)
);
INSERT INTO tombstones (mark, kind, until) VALUES ('8dc6d32cce113bdc6e0da178e8b5140ed29ed89a325fff3b2b15d56c0c351996', 'user', 1795692778.7957535);
CREATE TABLE versions (
	pk SERIAL NOT NULL, 
	user_key VARCHAR(64) NOT NULL, 
	schema_key VARCHAR(64) NOT NULL, 
	number INTEGER NOT NULL, 
	user_id TEXT NOT NULL, 
	schema TEXT NOT NULL, 
	schema_hash VARCHAR(64) NOT NULL, 
	made_at VARCHAR(32) NOT NULL, 
	content VARCHAR(64) NOT NULL, 
	document TEXT NOT NULL, 
	private TEXT NOT NULL, 
	PRIMARY KEY (pk), 
	UNIQUE (user_key, schema_key, number)
);
INSERT INTO versions (pk, user_key, schema_key, number, user_id, schema, schema_hash, made_at, content, document, private) VALUES (1, 'ec011555d6e086b13b442e1ed675eadc', '4016f8c6ef310b1f7c1afb4f4abcf359', 1, 'ada', 'customer', '5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c', '2024-06-01T00:00:00Z', '1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c', '{"city": "Munich", "\u8bf4\u660e": "\u5979\u642c\u5bb6\u4e86", "number": 1}', '{"draft": 1}');
INSERT INTO versions (pk, user_key, schema_key, number, user_id, schema, schema_hash, made_at, content, document, private) VALUES (2, 'ec011555d6e086b13b442e1ed675eadc', '4016f8c6ef310b1f7c1afb4f4abcf359', 2, 'ada', 'customer', '5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c', '2024-06-01T00:00:00Z', '2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c', '{"city": "Munich", "\u8bf4\u660e": "\u5979\u642c\u5bb6\u4e86", "number": 2}', '{"draft": 2}');
SELECT setval(pg_get_serial_sequence('versions', 'pk'), 1000);
CREATE TABLE likeness (
	key BIGINT NOT NULL, 
	event_pk INTEGER NOT NULL, 
	PRIMARY KEY (key, event_pk), 
	FOREIGN KEY(event_pk) REFERENCES events (pk) ON DELETE CASCADE
);
CREATE INDEX ix_likeness_event_pk ON likeness (event_pk);
INSERT INTO likeness (key, event_pk) VALUES (1120863135208826648, 1);
INSERT INTO likeness (key, event_pk) VALUES (-5599091802861072179, 2);
INSERT INTO likeness (key, event_pk) VALUES (-8381036040748136418, 3);
CREATE TABLE snippets (
	pk SERIAL NOT NULL, 
	event_pk INTEGER NOT NULL, 
	ordinal INTEGER NOT NULL, 
	start INTEGER NOT NULL, 
	"end" INTEGER NOT NULL, 
	speaker TEXT, 
	role VARCHAR(8) NOT NULL, 
	wide BOOLEAN DEFAULT false NOT NULL, 
	vector_id VARCHAR(64) NOT NULL, 
	indexed BOOLEAN NOT NULL, 
	PRIMARY KEY (pk), 
	FOREIGN KEY(event_pk) REFERENCES events (pk) ON DELETE CASCADE, 
	UNIQUE (vector_id)
);
CREATE INDEX ix_snippets_event_pk ON snippets (event_pk);
CREATE INDEX ix_snippets_indexed ON snippets (indexed);
INSERT INTO snippets (pk, event_pk, ordinal, start, "end", speaker, role, wide, vector_id, indexed) VALUES (1, 1, 0, 0, 75, 'user', 'user', false, 'ec01-06e852ad2492df386b773e28b4379069', true);
INSERT INTO snippets (pk, event_pk, ordinal, start, "end", speaker, role, wide, vector_id, indexed) VALUES (2, 2, 0, 0, 44, 'agent', 'agent', false, 'ec01-281ed4c67a3b82598f0fcfe199ce7929', true);
INSERT INTO snippets (pk, event_pk, ordinal, start, "end", speaker, role, wide, vector_id, indexed) VALUES (3, 3, 0, 0, 22, 'user', 'user', false, 'b694-f8b00344c113816d21b94891568014c1', true);
SELECT setval(pg_get_serial_sequence('snippets', 'pk'), 1000);
