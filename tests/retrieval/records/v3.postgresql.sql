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
INSERT INTO events (pk, user_key, event_key, user_id, event_id, timestamp, epoch, channel, speaker, role, text, raw, metadata, content_hash, row_hash, language, copy_of) VALUES (4, '93769af03ad96bd2b6789e6ae7c57315', '5682867586a927725957798a15b08445', 'grace', 'c1', '2024-05-01T12:00:00Z', 1714564800.0, 'chat', 'user', 'user', 'Please forget me.', NULL, '{}', 'a4dab3e88569fc27773ae6daf6b82a75', '5a34e464ed176a93f34bc1c704e8ebe0', 'en', NULL);
SELECT setval(pg_get_serial_sequence('events', 'pk'), 1000);
CREATE TABLE meta (
	key VARCHAR(32) NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (key)
);
INSERT INTO meta (key, value) VALUES ('schema', '3');
INSERT INTO meta (key, value) VALUES ('embedder', 'fake:hashing-64');
INSERT INTO meta (key, value) VALUES ('dimension', '64');
INSERT INTO meta (key, value) VALUES ('generation', '2');
CREATE TABLE removals (
	vector_id VARCHAR(64) NOT NULL, 
	PRIMARY KEY (vector_id)
);
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
INSERT INTO likeness (key, event_pk) VALUES (-5821264408134051443, 4);
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
INSERT INTO snippets (pk, event_pk, ordinal, start, "end", speaker, role, wide, vector_id, indexed) VALUES (1, 1, 0, 0, 75, 'user', 'user', false, '06e852ad2492df386b773e28b4379069', true);
INSERT INTO snippets (pk, event_pk, ordinal, start, "end", speaker, role, wide, vector_id, indexed) VALUES (2, 2, 0, 0, 44, 'agent', 'agent', false, '281ed4c67a3b82598f0fcfe199ce7929', true);
INSERT INTO snippets (pk, event_pk, ordinal, start, "end", speaker, role, wide, vector_id, indexed) VALUES (3, 3, 0, 0, 22, 'user', 'user', false, 'f8b00344c113816d21b94891568014c1', true);
INSERT INTO snippets (pk, event_pk, ordinal, start, "end", speaker, role, wide, vector_id, indexed) VALUES (4, 4, 0, 0, 17, 'user', 'user', false, '7a2824dca532e9cc9fcb9b9de7c5117c', true);
SELECT setval(pg_get_serial_sequence('snippets', 'pk'), 1000);
