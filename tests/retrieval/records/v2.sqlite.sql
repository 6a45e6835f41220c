BEGIN TRANSACTION;
CREATE TABLE events (
	pk INTEGER NOT NULL, 
	user_key VARCHAR(64) NOT NULL, 
	event_key VARCHAR(64) NOT NULL, 
	user_id TEXT NOT NULL, 
	event_id TEXT NOT NULL, 
	timestamp VARCHAR(64), 
	epoch FLOAT, 
	channel TEXT, 
	speaker TEXT, 
	role VARCHAR(8) NOT NULL, 
	text TEXT NOT NULL, 
	raw TEXT, 
	metadata TEXT NOT NULL, 
	content_hash VARCHAR(64) NOT NULL, 
	row_hash VARCHAR(64), 
	PRIMARY KEY (pk), 
	UNIQUE (event_key)
);
INSERT INTO "events" VALUES(1,'ec011555d6e086b13b442e1ed675eadc','73f348f4dd6174a6eff8605c7d2c083d','ada','a1','2024-03-01T09:00:00Z',1709283600.0,'email','user','user','I moved from Hamburg to Munich last month. My parcel 4711 has not come yet.',NULL,'{}','5197d3ab17e256bc9d5f51a03740c51d','341eb0dcc013dc049069b64a4b4a8d33');
INSERT INTO "events" VALUES(2,'ec011555d6e086b13b442e1ed675eadc','b1b00701186cce656cc7f2e718589189','ada','a2','2024-03-02T10:30:00Z',1709375400.0,'chat','agent','agent','It''s on its way; the driver said "tomorrow".',NULL,'{}','bb0762482bbf2a72922844ec32a2646c','7ad42d348003be8213a05bb1cba8df34');
INSERT INTO "events" VALUES(3,'b6944fb4207650ca966a21d2be0d65ec','226826c21d48376174dee92ac2cd3acc','李雷','b1','2024-04-01T00:00:00Z',1711929600.0,'chat','user','user','我上个月搬到杭州了。我对花生过敏，请记下来。',NULL,'{}','447d5460d2bde9742ebc57a6236cb8c6','396a1329352432e9b4a76c8d9476a500');
INSERT INTO "events" VALUES(4,'93769af03ad96bd2b6789e6ae7c57315','5682867586a927725957798a15b08445','grace','c1','2024-05-01T12:00:00Z',1714564800.0,'chat','user','user','Please forget me.',NULL,'{}','3a7095e150edc9c7780bd9214f48cfa4','5a34e464ed176a93f34bc1c704e8ebe0');
CREATE TABLE meta (
	"key" VARCHAR(32) NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "meta" VALUES('schema','2');
INSERT INTO "meta" VALUES('embedder','fake:hashing-64');
INSERT INTO "meta" VALUES('dimension','64');
INSERT INTO "meta" VALUES('generation','2');
CREATE TABLE removals (
	vector_id VARCHAR(64) NOT NULL, 
	PRIMARY KEY (vector_id)
);
CREATE TABLE snippets (
	pk INTEGER NOT NULL, 
	event_pk INTEGER NOT NULL, 
	ordinal INTEGER NOT NULL, 
	start INTEGER NOT NULL, 
	"end" INTEGER NOT NULL, 
	speaker TEXT, 
	role VARCHAR(8) NOT NULL, 
	wide BOOLEAN DEFAULT 0 NOT NULL, 
	vector_id VARCHAR(64) NOT NULL, 
	"indexed" BOOLEAN NOT NULL, 
	PRIMARY KEY (pk), 
	FOREIGN KEY(event_pk) REFERENCES events (pk) ON DELETE CASCADE, 
	UNIQUE (vector_id)
);
INSERT INTO "snippets" VALUES(1,1,0,0,75,'user','user',0,'06e852ad2492df386b773e28b4379069',1);
INSERT INTO "snippets" VALUES(2,2,0,0,44,'agent','agent',0,'281ed4c67a3b82598f0fcfe199ce7929',1);
INSERT INTO "snippets" VALUES(3,3,0,0,22,'user','user',0,'f8b00344c113816d21b94891568014c1',1);
INSERT INTO "snippets" VALUES(4,4,0,0,17,'user','user',0,'7a2824dca532e9cc9fcb9b9de7c5117c',1);
CREATE INDEX ix_events_user_key ON events (user_key);
CREATE INDEX ix_events_row_hash ON events (row_hash);
CREATE INDEX ix_snippets_event_pk ON snippets (event_pk);
CREATE INDEX ix_snippets_indexed ON snippets ("indexed");
COMMIT;
