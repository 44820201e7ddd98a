"""The ledger's tables, and how an older ledger becomes a newer one.

Integer keys and narrow rows: ten million datums must stay usable. Counters are kept in
the ``run`` row by its one writer; nothing counts by scanning. Pages go by key. Times are
epoch seconds (UTC) as REAL; paths and keys are BLOBs, since file names hold any bytes.
"""

from __future__ import annotations

from typing import Final

#: The newest schema that this package knows; kept in ``PRAGMA user_version``.
VERSION: Final = 7

#: Statements that lead from version i to version i + 1.
MIGRATIONS: Final[tuple[str, ...]] = (
    """
    create table meta (name text primary key, value) without rowid;
    insert into meta values ('next_datum', 1);

    -- One row per interpreter: who runs, or ran last. Alive is the OS lock, not this row.
    create table runner (
        interpreter text primary key,      -- path, as asked for by the kernel
        epoch int not null,                -- +1 at each start; stands in every claim and commit
        host text not null, boot text not null, pid int not null, started real not null,
        version text not null,             -- of the package
        state text not null                -- 'active' | 'ended'
    ) without rowid;

    -- What kernel, server and CLI want. Only a runner answers.
    create table request (
        id integer primary key,
        uuid text not null unique,         -- made by the client: asking twice is asking once
        at real not null,
        interpreter text not null,
        kind text not null,                -- run cancel hold release pause resume scale drain
        run text,                          -- uuid of the run it is about, or that it shall start
        recipe text,                       -- digest of the signed recipe
        args text not null default '{}',   -- JSON object
        state text not null default 'open',-- open | taken | done | refused
        answer text                        -- a sentence when refused
    );
    create index request_open on request (interpreter, id) where state = 'open';

    create table transform (
        id integer primary key,
        name text not null unique,
        notebook blob, cell text,          -- a hint where its cell stands
        out blob,                          -- absolute output folder, or null
        created real not null
    );

    -- A version of a transform's code: who made which datum.
    create table version (
        id integer primary key,
        transform int not null references transform,
        fingerprint blob not null,
        parts text not null,               -- JSON: part -> digest; tells what changed
        source text not null,              -- of the cell, for people
        python text not null, packages text not null,
        created real not null,
        unique (transform, fingerprint)
    );

    create table run (
        id integer primary key,
        uuid text not null unique,
        transform int not null references transform,
        version int not null references version,
        recipe text not null,
        interpreter text not null,
        engine text not null, workers int not null default 0,
        options text not null,             -- JSON: the cell's options
        origin text not null,              -- kernel | server | cli
        user text not null default '',
        status text not null,
        message text,                      -- why it paused, stopped or went wrong
        note text,                         -- JSON: plan reasons, untracked names, ...
        epoch int not null default 0,      -- of the runner that holds it
        requested real not null, started real, ended real,
        planned int not null default 0,    -- 1 when the listing has ended: total is final
        total int not null default 0,
        running int not null default 0,
        success int not null default 0, failed int not null default 0,
        recovered int not null default 0, skipped int not null default 0,
        cancelled int not null default 0,
        executions int not null default 0, -- attempts that came to an end
        late int not null default 0,       -- records of fenced attempts, dropped
        seconds real not null default 0,   -- of user code, summed over attempts
        saved real not null default 0      -- seconds of work that skipping did not repeat
    );
    create index run_transform on run (transform, id);
    create index run_unfinished on run (interpreter) where ended is null;

    -- The latest outcome of each datum. A first attempt that succeeds lives here alone.
    create table datum (
        id integer primary key,
        transform int not null, key blob not null,
        state int not null,                -- DatumState: success, failed, recovered, cancelled
        version int not null, run int not null, position int not null,
        attempt int not null,              -- number of the attempt that gave the outcome
        began real not null, seconds real not null,
        worker text,
        size int, mtime_ns int, ctime_ns int, inode int, content blob,  -- of a single input file
        dirty int not null default 0,      -- an input changed while it was processed
        failure int,                       -- failure.id when failed
        outputs int not null default 0,    -- how many rows of output it has
        log text,                          -- 'epoch-worker:offset:length:cut'
        metrics text,
        result_kind text, result blob
    );
    create index datum_failed on datum (transform, id) where state = 3;
    create index datum_failure on datum (failure, id) where failure is not null;
    -- Successes, most of all datums, stand in no index of this table but the keys below.
    create index datum_state on datum (transform, state, key) where state <> 2;

    -- Which datum a key is. A table and not an index of `datum`, so that it can be filled
    -- some commits later, in key order: keys of `items` are digests, and putting 5,000 of
    -- them in their random places with each commit rewrites the whole index each time
    -- (1,000,000 items: 12 us a datum, 16 at the end; filled in order: 5).
    create table datum_key (
        transform int not null, key blob not null, datum int not null,
        primary key (transform, key)
    ) without rowid;

    -- Ranges of datum ids that do not stand in datum_key yet; empty while no run is active.
    create table unkeyed (lo integer primary key, hi int not null);

    -- Input files of datums that have several (one file stands in the datum's own row).
    create table input (
        datum int not null, ordinal int not null,
        name text not null, rel blob not null,
        size int not null, mtime_ns int not null, ctime_ns int not null, inode int not null,
        content blob not null,
        primary key (datum, ordinal)
    ) without rowid;

    -- Every attempt but first ones that succeeded.
    create table attempt (
        datum int not null, run int not null, attempt int not null,
        state int not null, epoch int not null, worker text,
        began real not null, seconds real not null,
        failure int,
        message text, traceback text, phase text, place text,
        log text, partial text,            -- JSON list of [staged name, rel] kept for looking at
        primary key (datum, run, attempt)
    ) without rowid;

    -- Failures that are alike, counted exactly.
    create table failure (
        id integer primary key,
        run int not null, signature text not null,
        type text not null, message text not null, place text not null, phase text not null,
        datums int not null,               -- datums failed by it now, in this run
        first real not null, last real not null,
        sample int not null,               -- a datum
        unique (run, signature)
    );

    -- Who owns which output path. `folded` is NFC and casefold where the file system folds.
    create table output (
        folded blob primary key,           -- of the absolute path
        path blob not null,                -- absolute
        transform int not null, datum int not null,
        size int not null, mtime_ns int not null, digest blob not null
    ) without rowid;
    create index output_datum on output (datum);

    -- The publishing redo log: staged files on their way to their final names.
    create table publishing (
        id integer primary key,
        grp int not null, epoch int not null, run int not null,
        transform int not null, datum int not null, attempt int not null,
        staged blob not null, final blob not null,   -- absolute paths; staged empty: remove final
        size int not null, digest blob not null,
        record blob not null               -- the frame it came in, once per datum (else empty)
    );

    -- What each worker is at; a handful of rows, rewritten with each commit.
    create table worker (
        run int not null, worker text not null,
        pid int, host text, up real not null,
        position int, key blob, since real,          -- the datum at work
        done int not null default 0, state text not null,   -- idle | busy | gone
        cause text,
        primary key (run, worker)
    ) without rowid;

    -- Content of input files by what stat says: an unchanged file is never read again.
    create table stat_cache (
        path blob primary key,
        size int not null, mtime_ns int not null, ctime_ns int not null, inode int not null,
        content blob not null
    ) without rowid;
    """,
    """
    -- Versions that a user has marked as equivalent: results of `same_as` count as its own.
    alter table version add column same_as int;
    alter table version add column same_at real;
    alter table version add column same_by text;           -- user

    -- One id over all transforms of a pipeline that ran together; empty where one ran alone.
    alter table run add column pipeline text not null default '';
    create index run_pipeline on run (pipeline) where pipeline <> '';

    -- Digest of the value and the captures that the cell saw; null where the key tells them.
    alter table datum add column seen blob;
    -- Run whose whole listing lacked it, negative where the input expression had changed
    -- since it was made ("left the input"); null while its input is there.
    alter table datum add column gone int;
    -- Its stat tuple was looked at, beside the content, two seconds after its last change:
    -- it cannot have changed since within the clock's grain.
    alter table datum add column sure int not null default 0;
    create index datum_gone on datum (transform, id) where gone is not null;
    -- Which datums a run has settled last. A table for the same reason as datum_key: filled
    -- some commits later it costs 0.2 us a datum, an index of `datum` 0.8.
    create table made (run int not null, datum int not null, primary key (run, datum))
        without rowid;

    -- Former outcomes: a row moves here when its datum gets another one. History reads it.
    create table past (
        datum int not null, run int not null,
        version int not null, state int not null, attempt int not null,
        began real not null, seconds real not null,
        content blob, seen blob,
        inputs blob,                       -- digest over all input files, where several
        outputs text,                      -- JSON list of [path relative to out, size, digest]
        metrics text,
        result_kind text, result blob,     -- a large result's file is not kept for this row
        primary key (datum, run)
    ) without rowid;

    -- Former successes whose outputs are kept (option keep): going back runs nothing.
    create table kept (
        datum int not null, hash blob not null,    -- of inputs, seen and version
        version int not null, run int not null, seconds real not null, at real not null,
        outputs text not null,             -- JSON list of [path relative to out, size, digest]
        metrics text, result_kind text, result blob,
        primary key (datum, hash)
    ) without rowid;

    -- Files in .datum/store, with how many rows of `kept` need each.
    create table store (digest blob primary key, size int not null, refs int not null)
        without rowid;
    create index store_loose on store (digest) where refs <= 0;
    create index kept_at on kept (at);

    -- Which datums a datum was made from, where its input is another transform.
    create table edge (
        down int not null, up int not null,
        primary key (down, up)
    ) without rowid;
    create index edge_up on edge (up, down);

    -- Absolute folder of each input of a transform, as of its newest run.
    create table root (
        transform int not null, name text not null, path blob not null,
        primary key (transform, name)
    ) without rowid;
    create index input_rel on input (rel);

    -- What a datum's cell displays: a MIME bundle as JSON, or the name of a file of it.
    create table display (
        datum int primary key, run int not null,
        kind text not null,                -- mime | mime-file
        bundle blob not null
    );

    -- Files in .datum/results that a row has let go; swept when no other row names them.
    create table loose (digest blob primary key) without rowid;
    -- Which datums have (or had) a result in a file: an index of `datum` would cost all others.
    create table holds (digest blob not null, datum int not null, primary key (digest, datum))
        without rowid;
    insert into holds select result, id from datum where substr(result_kind, -5) = '-file';
    create index kept_file on kept (result) where substr(result_kind, -5) = '-file';
    create index display_file on display (bundle) where kind = 'mime-file';
    create trigger datum_goes after delete on datum when substr(old.result_kind, -5) = '-file'
        begin insert or ignore into loose values (old.result); end;
    create trigger kept_goes after delete on kept when substr(old.result_kind, -5) = '-file'
        begin insert or ignore into loose values (old.result); end;
    create trigger display_lets_go after update on display
        when old.kind = 'mime-file' and old.bundle is not new.bundle
        begin insert or ignore into loose values (old.bundle); end;
    create trigger display_goes after delete on display when old.kind = 'mime-file'
        begin insert or ignore into loose values (old.bundle); end;

    -- What happened on each day (UTC, days since 1970), kept when attempts are folded away.
    create table daily (
        transform int not null, day int not null,
        new int not null default 0,        -- datums seen for the first time
        executions int not null default 0,
        success int not null default 0, failed int not null default 0,
        seconds real not null default 0,
        primary key (transform, day)
    ) without rowid;
    """,
    """
    -- How fast what a run makes is taken (NAME.stream()): JSON; null where nobody takes it.
    alter table run add column feed text;

    -- Its plan and states were put away to save room: counts and datums remain.
    alter table run add column folded int not null default 0;

    -- What its workers compute on, if devices were asked for: names with commas, or cpu.
    alter table run add column devices text;

    -- Transforms whose input is watched: what is new or changed runs by itself.
    create table watch (
        transform text primary key,        -- name
        interpreter text not null,         -- whose runner watches
        request text not null,             -- uuid; the environment is told under this name
        recipe text not null,              -- digest of the signed recipe
        settle real not null,              -- seconds that a file must have stood still
        every real,                        -- seconds between two listings; null: as events tell
        state text not null,               -- active | stopped | failed
        how text not null default '',      -- events | listing, and why
        message text,                      -- what it waits for, or what went wrong
        since real not null, looked real,
        runs int not null default 0        -- that it has asked for
    ) without rowid;

    -- Workers that were brought up together, and when they went: for people.
    create table cluster (
        id integer primary key,
        interpreter text not null, epoch int not null,     -- whose runner has, or had, it
        engine text not null,              -- as its last run named it
        run text,                          -- uuid of the run it works for
        state text not null,  -- requested | starting | ready | idle | giving back | gone
        since real not null,               -- when that began
        up int not null, wanted int not null,              -- workers; 0: as many as there are
        message text
    );
    """,
    """
    -- What a worker holds (bytes) and computes on, how many datums wait behind the one that it
    -- is at, and when it went.
    alter table worker add column memory int;
    alter table worker add column device text;
    alter table worker add column behind int;
    alter table worker add column gone real;
    -- Failures that a user expects of a transform: they are counted apart, and failed all the
    -- same. Edited code that fails at another line, or with other words, is another failure.
    create table expected (
        transform int not null, signature text not null,
        at real not null, by text not null,                -- when, and which user
        run int not null,                  -- where it was marked
        primary key (transform, signature)
    ) without rowid;
    """,
    """
    -- What the cell of an attempt that failed had displayed until then, as in `display`.
    create table failed_display (
        datum int not null, run int not null, attempt int not null,
        kind text not null,                -- mime | mime-file
        bundle blob not null,
        primary key (datum, run, attempt)
    ) without rowid;
    create index failed_display_file on failed_display (bundle) where kind = 'mime-file';
    create trigger failed_display_goes after delete on failed_display when old.kind = 'mime-file'
        begin insert or ignore into loose values (old.bundle); end;
    create trigger attempt_goes after delete on attempt when old.failure is not null
        begin delete from failed_display where datum = old.datum and run = old.run
        and attempt = old.attempt; end;

    -- Text of helpers, once for each content; which parts of a version have which of them.
    create table helper (digest text primary key, body text not null) without rowid;
    alter table version add column texts text not null default '{}';   -- JSON: part -> digest
    """,
    """
    -- What a run was made with: Python and the packages that its cell uses, each once.
    create table environment (
        id integer primary key,
        python text not null, packages text not null,      -- JSON: name -> version
        unique (python, packages)
    );
    alter table run add column environment int references environment;  -- null: not recorded
    """,
    """
    -- Names that datums and their files had before a move, and outputs that were pruned.
    create table former (
        transform int not null,
        kind text not null,                -- key | input | output
        name blob not null,                -- of a file: under the input's root, the output folder
        datum int not null,
        at real not null,
        now blob,                          -- what it is called since; null: it was pruned
        size int, digest blob,             -- of an output
        primary key (transform, kind, name, datum, at)
    ) without rowid;
    create index former_datum on former (datum, kind);

    -- When an output's inode was changed last, as it was made; null where nobody has looked.
    alter table output add column ctime_ns int;
    """,
)
