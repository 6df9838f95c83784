#!/usr/bin/env bash
# First start: initialise, set up over a temporary server that listens on its socket only, then run the real one.
set -Eeo pipefail

refuse() {
  printf >&2 'Error: %s\n' "$@"
  exit 1
}

from_file() {
  local name=$1 file="$1_FILE"
  [ -z "${!name:-}" ] || [ -z "${!file:-}" ] || refuse "both $name and $file are set (but are exclusive)"
  [ -z "${!file:-}" ] || export "$name=$(< "${!file}")"
  unset "$file"
}

read_environment() {
  from_file POSTGRES_PASSWORD
  from_file POSTGRES_USER
  from_file POSTGRES_DB
  from_file POSTGRES_INITDB_ARGS
  : "${POSTGRES_USER:=postgres}" "${POSTGRES_HOST_AUTH_METHOD:=}"
  : "${POSTGRES_DB:=$POSTGRES_USER}"
  export POSTGRES_USER POSTGRES_DB
}

# Postgres 18 moved its data and its volume: a mount at the old place would be silently unused.
refuse_the_old_place() {
  [ "$PG_MAJOR" -ge 18 ] && [ ! -s "$PGDATA/PG_VERSION" ] || return 0
  if grep -q ' /var/lib/postgresql/data ' /proc/self/mountinfo; then
    refuse 'in 18+, the data lives below /var/lib/postgresql, but there is a mount at /var/lib/postgresql/data (unused mount/volume)'
  fi
}

prepare_directories() {
  mkdir -p "$PGDATA" /var/run/postgresql
  chmod 00700 "$PGDATA" || :
  chmod 03775 /var/run/postgresql || :
  if [ "$(id -u)" = 0 ]; then
    find "$PGDATA" \! -user postgres -exec chown postgres '{}' +
    find /var/run/postgresql \! -user postgres -exec chown postgres '{}' +
  fi
}

refuse_without_password() {
  if [ -z "${POSTGRES_PASSWORD:-}" ] && [ "$POSTGRES_HOST_AUTH_METHOD" != trust ]; then
    refuse 'Database is uninitialized and superuser password is not specified.' \
      'You must specify POSTGRES_PASSWORD to a non-empty value for the superuser,' \
      'or POSTGRES_HOST_AUTH_METHOD=trust (not recommended).'
  fi
}

initialise() {
  eval 'initdb --username="$POSTGRES_USER" --pwfile=<(printf "%s\n" "${POSTGRES_PASSWORD:-}") '"${POSTGRES_INITDB_ARGS:-}"
  local method
  method=$("$@" -C password_encryption)
  printf '\nhost all all all %s\n' "${POSTGRES_HOST_AUTH_METHOD:-$method}" >> "$PGDATA/pg_hba.conf"
}

sql() {
  PGHOST='' PGHOSTADDR='' psql -v ON_ERROR_STOP=1 --no-psqlrc --username "$POSTGRES_USER" --no-password "$@"
}

create_database() {
  local found
  found=$(sql --dbname postgres --set db="$POSTGRES_DB" --tuples-only <<< "SELECT 1 FROM pg_database WHERE datname = :'db';")
  [ -n "$found" ] || sql --dbname postgres --set db="$POSTGRES_DB" <<< 'CREATE DATABASE :"db";'
}

run_initdb_files() {
  local file
  for file in /docker-entrypoint-initdb.d/*; do
    case $file in
      *.sh) if [ -x "$file" ]; then "$file"; else . "$file"; fi ;;
      *.sql) sql --dbname "$POSTGRES_DB" -f "$file" ;;
      *.sql.gz) gunzip -c "$file" | sql --dbname "$POSTGRES_DB" ;;
      *.sql.xz) xzcat "$file" | sql --dbname "$POSTGRES_DB" ;;
      *.sql.zst) zstd -dc "$file" | sql --dbname "$POSTGRES_DB" ;;
    esac
  done
}

first_start() {
  refuse_without_password
  initialise "$@"
  export PGPASSWORD="${PGPASSWORD:-${POSTGRES_PASSWORD:-}}"
  set -- "$@" -c listen_addresses='' -p "${PGPORT:-5432}"
  NOTIFY_SOCKET='' PGUSER="$POSTGRES_USER" pg_ctl -D "$PGDATA" -o "$(printf '%q ' "${@:2}")" -w start
  create_database
  run_initdb_files
  PGUSER="$POSTGRES_USER" pg_ctl -D "$PGDATA" -m fast -w stop
  unset PGPASSWORD
  printf '\nPostgreSQL init process complete; ready for start up.\n\n'
}

wants_help() {
  local argument
  for argument; do
    case $argument in -'?' | --help | --describe-config | -V | --version) return 0 ;; esac
  done
  return 1
}

[ "${1:0:1}" != '-' ] || set -- postgres "$@"

if [ "$1" = postgres ] && ! wants_help "$@"; then
  read_environment
  refuse_the_old_place
  prepare_directories
  [ "$(id -u)" != 0 ] || exec gosu postgres "$BASH_SOURCE" "$@"
  [ -s "$PGDATA/PG_VERSION" ] || first_start "$@"
fi

exec "$@"
