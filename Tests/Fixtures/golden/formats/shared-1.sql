-- A shared index of format 1: the script by which that format's first program made its tables, for 16 dimensions, and what
-- that program stored (pg_dump --data-only --inserts --load-via-partition-root). Read by GoldenSharedTests.
CREATE SCHEMA IF NOT EXISTS mixtape;
CREATE TABLE mixtape.library (
    id int8 PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    format int8 NOT NULL,
    uuid text NOT NULL,
    model_name text NOT NULL,
    model_fingerprint text NOT NULL,
    dimension int8 NOT NULL,
    sequence int8 NOT NULL DEFAULT 0,
    lists int8 NOT NULL DEFAULT 0,
    queued int8 NOT NULL DEFAULT 0,
    settled int8 NOT NULL DEFAULT 0
);
CREATE TABLE mixtape.root (path text COLLATE "C" PRIMARY KEY);
CREATE TABLE mixtape.decision (
    first text COLLATE "C" NOT NULL,
    second text COLLATE "C" NOT NULL,
    verdict text NOT NULL,
    decided int8 NOT NULL,
    PRIMARY KEY (first, second)
);
CREATE TABLE mixtape.content (
    fingerprint text COLLATE "C" PRIMARY KEY,
    container text NOT NULL,
    codec text NOT NULL,
    width int8 NOT NULL,
    height int8 NOT NULL,
    duration float8,
    frame_rate float8,
    clip_count int8 NOT NULL,
    intervals bytea NOT NULL,
    gaussians bytea STORAGE EXTERNAL NOT NULL,
    checksum int8 NOT NULL,
    embedding halfvec(32) NOT NULL,
    worker text NOT NULL
) PARTITION BY HASH (fingerprint);
CREATE SEQUENCE mixtape.file_id;
CREATE TABLE mixtape.file (
    fingerprint text COLLATE "C" NOT NULL,
    id int8 NOT NULL DEFAULT nextval('mixtape.file_id'),
    path text COLLATE "C" NOT NULL,
    size int8 NOT NULL,
    modified int8 NOT NULL,
    failed int8 NOT NULL,
    reason text NOT NULL,
    message text NOT NULL,
    changed int8 NOT NULL,
    PRIMARY KEY (fingerprint, id)
) PARTITION BY HASH (fingerprint);
CREATE INDEX file_by_id ON mixtape.file (id);
CREATE INDEX file_by_path ON mixtape.file (left(path, 500));
CREATE INDEX file_by_change ON mixtape.file (changed);
CREATE TABLE mixtape.removal (changed int8 PRIMARY KEY, path text COLLATE "C" NOT NULL);
CREATE TABLE mixtape.task (
    fingerprint text COLLATE "C" PRIMARY KEY,
    size int8 NOT NULL,
    worker text,
    lease timestamptz,
    attempts int8 NOT NULL DEFAULT 0
);
CREATE INDEX task_by_size ON mixtape.task (size DESC, fingerprint);
CREATE TABLE mixtape.task_file (
    fingerprint text COLLATE "C" NOT NULL,
    root text COLLATE "C" NOT NULL,
    path text COLLATE "C" NOT NULL,
    size int8 NOT NULL,
    modified int8 NOT NULL
);
CREATE UNIQUE INDEX task_file_by_content ON mixtape.task_file (fingerprint, md5(path));
CREATE INDEX task_file_by_path ON mixtape.task_file (md5(path));
CREATE TABLE mixtape.recall (
    candidates int8 PRIMARY KEY,
    recall float8 NOT NULL,
    seconds float8 NOT NULL,
    slow_seconds float8 NOT NULL,
    queries int8 NOT NULL,
    videos int8 NOT NULL
);
CREATE TABLE mixtape.content_0 PARTITION OF mixtape.content
FOR VALUES WITH (MODULUS 8, REMAINDER 0);
CREATE TABLE mixtape.file_0 PARTITION OF mixtape.file
FOR VALUES WITH (MODULUS 8, REMAINDER 0);
CREATE TABLE mixtape.content_1 PARTITION OF mixtape.content
FOR VALUES WITH (MODULUS 8, REMAINDER 1);
CREATE TABLE mixtape.file_1 PARTITION OF mixtape.file
FOR VALUES WITH (MODULUS 8, REMAINDER 1);
CREATE TABLE mixtape.content_2 PARTITION OF mixtape.content
FOR VALUES WITH (MODULUS 8, REMAINDER 2);
CREATE TABLE mixtape.file_2 PARTITION OF mixtape.file
FOR VALUES WITH (MODULUS 8, REMAINDER 2);
CREATE TABLE mixtape.content_3 PARTITION OF mixtape.content
FOR VALUES WITH (MODULUS 8, REMAINDER 3);
CREATE TABLE mixtape.file_3 PARTITION OF mixtape.file
FOR VALUES WITH (MODULUS 8, REMAINDER 3);
CREATE TABLE mixtape.content_4 PARTITION OF mixtape.content
FOR VALUES WITH (MODULUS 8, REMAINDER 4);
CREATE TABLE mixtape.file_4 PARTITION OF mixtape.file
FOR VALUES WITH (MODULUS 8, REMAINDER 4);
CREATE TABLE mixtape.content_5 PARTITION OF mixtape.content
FOR VALUES WITH (MODULUS 8, REMAINDER 5);
CREATE TABLE mixtape.file_5 PARTITION OF mixtape.file
FOR VALUES WITH (MODULUS 8, REMAINDER 5);
CREATE TABLE mixtape.content_6 PARTITION OF mixtape.content
FOR VALUES WITH (MODULUS 8, REMAINDER 6);
CREATE TABLE mixtape.file_6 PARTITION OF mixtape.file
FOR VALUES WITH (MODULUS 8, REMAINDER 6);
CREATE TABLE mixtape.content_7 PARTITION OF mixtape.content
FOR VALUES WITH (MODULUS 8, REMAINDER 7);
CREATE TABLE mixtape.file_7 PARTITION OF mixtape.file
FOR VALUES WITH (MODULUS 8, REMAINDER 7);
INSERT INTO mixtape.content VALUES ('74776f2074776f', 'text', 'utf8', 7, 1, 4, NULL, 2, '\x0000000000000000000000000000004000000000000000400000000000001040', '\xd83602b46b3050212c3bd239bb35883578bbabb76e31b82cd9bbcfbbf43b883038c145c6cbc24ec55cc018c291c530c594c323c4f2c360c4bdc41ac54fc431c621348bbbd7b81ab87eb06db9e0b4202f603a74379cbaad39373b3fbae638bd2932c581c060c65dc69dc548c295c02cc367c5bdc344c083c1a9c4eec5afc3a6c6', -1062999841525234442, '[0.34277344,-0.5966797,-0.23339844,-0.2512207,0.3779297,0.024658203,0.026733398,0.22851562,-0.068359375,-0.006713867,-0.328125,0.39160156,-0.03955078,-0.87841797,0.80322266,0.09320068,0.21618652,0.4165039,0.39453125,0.26782227,0.57177734,0.734375,0.40283203,0.1743164,0.8730469,0.49169922,0.5625,0.37304688,0.94628906,0.11791992,0.23217773,0.06335449]', '');
INSERT INTO mixtape.content VALUES ('6f6e65', 'text', 'utf8', 3, 1, 2, NULL, 1, '\x00000000000000000000000000000040', '\x5c38a1b9a1b573af3eb98ebb233b92b503b765b04fb298b8f9b45f325cb404b393c479c581c1e2c5afc33dc05fc563c039c557c604c451c1fbc006c488c203c4', -3094923399969000178, '[0.5449219,-0.7036133,-0.35180664,-0.11639404,-0.65527344,-0.94433594,0.89208984,-0.34814453,-0.43823242,-0.1373291,-0.19714355,-0.57421875,-0.31079102,0.19909668,-0.27246094,-0.21923828,0.1015625,0.064819336,0.25268555,0.05279541,0.14648438,0.3466797,0.06817627,0.33398438,0.07342529,0.041992188,0.13427734,0.26464844,0.2878418,0.13378906,0.19543457,0.13452148]', '');
INSERT INTO mixtape.content VALUES ('74687265652773', 'text', 'utf8', 7, 1, 4, NULL, 2, '\x0000000000000000000000000000004000000000000000400000000000001040', '\xdbb039398b379235bdb85eb44b3b9a2c53b986b7013a59b9be25e1b6059704b708c572c401c34ac484c30ac4bcc632c05dc101c44fc181c5c4c52ec52cc559c24fb5af345c34f83960b09dbad5385638063a5a361abb71b4b3bac3269f387f3a64c5a1c5cbc2d5c132c2b2c5dcc5a4c019c518c4c5c546c35ac696c462c63ac1', -5259674930119412422, '[-0.24169922,0.47265625,0.3720703,0.546875,-0.36450195,-0.5498047,0.7578125,0.30688477,0.043701172,-0.036621094,-0.068603516,-0.47314453,-0.4074707,-0.20178223,0.2878418,0.18676758,0.11682129,0.20019531,0.20422363,0.27124023,0.29345703,0.29516602,0.16027832,0.40722656,0.7348633,0.45336914,0.8413086,0.2310791,0.43286133,0.24487305,0.29589844,0.6699219]', '');
INSERT INTO mixtape.decision VALUES ('6f6e65', '74776f2074776f', 'not_a_match', 1700000000);
INSERT INTO mixtape.file VALUES ('74776f2074776f', 2, '/films/two.mp4', 7, 1700000000000000000, 0, '', '', 2);
INSERT INTO mixtape.file VALUES ('6f6e65', 1, '/films/one.mp4', 3, 1700000000000000000, 0, '', '', 1);
INSERT INTO mixtape.file VALUES ('6f6e65', 5, '/films/copy.mp4', 3, 1700000000000000000, 0, '', '', 5);
INSERT INTO mixtape.file VALUES ('74687265652773', 3, '/films/three.mp4', 7, 1700000000000000000, 0, '', '', 3);
INSERT INTO mixtape.file VALUES ('62726f6b656e', 6, '/films/broken.mp4', 6, 1700000000000000000, 1, 'damaged', 'it is broken', 6);
INSERT INTO mixtape.library VALUES (1, 1, 'af7ac5cef7e60014ec853f47416afcd7', 'text', 'text', 16, 7, 3, 0, 0);
INSERT INTO mixtape.removal VALUES (7, '/films/gone.mp4');
INSERT INTO mixtape.root VALUES ('/films');
SELECT pg_catalog.setval('mixtape.file_id', 6, true);
