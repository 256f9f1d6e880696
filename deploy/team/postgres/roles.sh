#!/bin/sh
# The roles of a team's database: one that owns it, for server workers and the HTTP daemon,
# and one that reads facts and memories and writes counts, for everybody else.
# Runs once, when the database is made; by hand: SERVER_PASSWORD=… READER_PASSWORD=… sh roles.sh
set -eu
psql --set=ON_ERROR_STOP=1 --username="${POSTGRES_USER:-postgres}" --dbname=postgres \
    --set=server="$SERVER_PASSWORD" --set=reader="$READER_PASSWORD" <<'SQL'
CREATE ROLE rtkq_server LOGIN PASSWORD :'server';
CREATE ROLE rtkq_reader LOGIN PASSWORD :'reader';
CREATE DATABASE rtkq OWNER rtkq_server;
REVOKE CONNECT ON DATABASE rtkq FROM PUBLIC;
GRANT CONNECT ON DATABASE rtkq TO rtkq_reader;
\connect rtkq
ALTER DEFAULT PRIVILEGES FOR ROLE rtkq_server GRANT SELECT ON TABLES TO rtkq_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE rtkq_server GRANT USAGE ON SCHEMAS TO rtkq_reader;
SQL
