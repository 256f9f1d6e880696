#!/bin/sh
# Starts PostgreSQL with the certificate in /etc/rtkq/tls; over the network nobody comes in without.
set -eu
install -o postgres -g postgres -m 600 /etc/rtkq/tls/postgres.key /var/lib/postgresql/server.key
install -o postgres -g postgres -m 644 /etc/rtkq/tls/postgres.crt /var/lib/postgresql/server.crt
cat >/var/lib/postgresql/hba.conf <<'HBA'
local   all all                     trust
hostssl all all all                 scram-sha-256
HBA
exec docker-entrypoint.sh postgres -c ssl=on -c hba_file=/var/lib/postgresql/hba.conf \
    -c ssl_cert_file=/var/lib/postgresql/server.crt -c ssl_key_file=/var/lib/postgresql/server.key
