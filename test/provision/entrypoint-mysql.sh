#!/usr/bin/env bash
# For MySQL and MariaDB. First start: initialise, set up over a temporary server that listens on its socket only,
# then run the real one. The tools are called by the names that each official image has.
set -eo pipefail
shopt -s nullglob

if command -v mariadbd > /dev/null; then
  flavour=mariadb server=mariadbd client=mariadb admin=mariadb-admin tzinfo=mariadb-tzinfo-to-sql
else
  flavour=mysql server=mysqld client=mysql admin=mysqladmin tzinfo=mysql_tzinfo_to_sql
fi

refuse() {
  printf >&2 '[ERROR] [Entrypoint]: %s\n' "$@"
  exit 1
}

from_file() {
  local name=$1 file="$1_FILE"
  [ -z "${!name}" ] || [ -z "${!file}" ] || refuse "Both $name and $file are set (but are exclusive)"
  [ -z "${!file}" ] || export "$name=$(< "${!file}")"
  unset "$file"
}

# MariaDB's image takes MARIADB_X, and MYSQL_X where that is not set.
read_environment() {
  local name mariadb mysql
  for name in ROOT_HOST DATABASE USER PASSWORD ROOT_PASSWORD ALLOW_EMPTY_ROOT_PASSWORD RANDOM_ROOT_PASSWORD INITDB_SKIP_TZINFO; do
    mysql=MYSQL_$name mariadb=MARIADB_$name
    [ "$name" != ALLOW_EMPTY_ROOT_PASSWORD ] || mysql=MYSQL_ALLOW_EMPTY_PASSWORD
    from_file "$mysql"
    if [ "$flavour" = mariadb ]; then
      from_file "$mariadb"
      export "$mysql=${!mariadb:-${!mysql}}"
    fi
  done
  : "${MYSQL_ROOT_HOST:=%}"
}

setting() {
  "${@:2}" --verbose --help 2> /dev/null | awk -v name="$1" '$1 == name && /^[^ \t]/ { sub(/^[^ \t]+[ \t]+/, ""); print; exit }'
}

refuse_without_password() {
  if [ -z "$MYSQL_ROOT_PASSWORD$MYSQL_ALLOW_EMPTY_PASSWORD$MYSQL_RANDOM_ROOT_PASSWORD" ]; then
    refuse 'Database is uninitialized and password option is not specified' \
      'You need to specify one of MYSQL_ROOT_PASSWORD, MYSQL_ALLOW_EMPTY_PASSWORD and MYSQL_RANDOM_ROOT_PASSWORD'
  fi
  [ "$MYSQL_USER" != root ] || refuse 'MYSQL_USER="root", MYSQL_USER and MYSQL_PASSWORD are for configuring a regular user'
}

initialise() {
  if [ "$flavour" = mysql ]; then
    "$@" --initialize-insecure --default-time-zone=SYSTEM
  else
    mariadb-install-db --datadir="$datadir" --rpm --auth-root-authentication-method=normal \
      --skip-test-db --old-mode='UTF8_IS_UTF8MB3' --default-time-zone=SYSTEM --enforce-storage-engine= --skip-log-bin \
      --expire-logs-days=0 --loose-innodb_buffer_pool_load_at_startup=0 --loose-innodb_buffer_pool_dump_at_shutdown=0 "${@:2}"
  fi
}

sql() {
  MYSQL_PWD=$root_password $client --no-defaults --protocol=socket -uroot -hlocalhost --socket="$socket" --comments "$@"
}

start_temporary_server() {
  "$@" --skip-networking --default-time-zone=SYSTEM --socket="$socket" &
  temporary=$!
  local attempt
  for attempt in {1..300}; do
    ! sql --database=mysql <<< 'SELECT 1' &> /dev/null || return 0
    kill -0 "$temporary" 2> /dev/null || break
    sleep 0.1
  done
  refuse 'Unable to start server.'
}

stop_temporary_server() {
  MYSQL_PWD=$root_password $admin --no-defaults --protocol=socket -uroot --socket="$socket" shutdown
  wait "$temporary"
}

literal() {
  local text=${1//\\/\\\\}
  printf "'%s'" "${text//\'/\\\'}"
}

load_time_zones() {
  [ -z "$MYSQL_INITDB_SKIP_TZINFO" ] || return 0
  $tzinfo /usr/share/zoneinfo 2> /dev/null \
    | sed 's/Local time zone must be set--see zic manual page/FCTY/' \
    | sql --force --database=mysql > /dev/null
}

# The official MariaDB image makes these users too, and a copy of a source inherits them.
create_healthcheck_users() {
  local password host
  password=$(head -c 24 /dev/urandom | base64 | tr -d '+/')
  for host in localhost 127.0.0.1 ::1; do
    printf "CREATE USER healthcheck@'%s' IDENTIFIED BY '%s';\nGRANT USAGE ON *.* TO healthcheck@'%s';\n" "$host" "$password" "$host"
  done
  (umask 077 && printf '[mariadb-client]\nport=3306\nsocket=%s\nuser=healthcheck\npassword=%s\n' "$socket" "$password" > "$datadir/.my-healthcheck.cnf")
}

setup_statements() {
  echo "SET @@SESSION.SQL_LOG_BIN=0; SET @@SESSION.SQL_MODE=REPLACE(@@SESSION.SQL_MODE, 'NO_BACKSLASH_ESCAPES', '');"
  echo "ALTER USER 'root'@'localhost' IDENTIFIED BY $(literal "$MYSQL_ROOT_PASSWORD");"
  if [ "$MYSQL_ROOT_HOST" != localhost ]; then
    echo "CREATE USER 'root'@$(literal "$MYSQL_ROOT_HOST") IDENTIFIED BY $(literal "$MYSQL_ROOT_PASSWORD");"
    echo "GRANT ALL ON *.* TO 'root'@$(literal "$MYSQL_ROOT_HOST") WITH GRANT OPTION;"
  fi
  if [ "$flavour" = mariadb ]; then
    echo "DROP USER IF EXISTS root@'127.0.0.1', root@'::1';"
    echo "EXECUTE IMMEDIATE CONCAT('DROP USER IF EXISTS root@\\'', @@hostname, '\\'');"
    create_healthcheck_users
  fi
  [ -z "$MYSQL_DATABASE" ] || echo "CREATE DATABASE IF NOT EXISTS \`$MYSQL_DATABASE\`;"
  if [ -n "$MYSQL_USER" ] && [ -n "$MYSQL_PASSWORD" ]; then
    echo "CREATE USER $(literal "$MYSQL_USER")@'%' IDENTIFIED BY $(literal "$MYSQL_PASSWORD");"
    [ -z "$MYSQL_DATABASE" ] || echo "GRANT ALL ON \`${MYSQL_DATABASE//_/\\_}\`.* TO $(literal "$MYSQL_USER")@'%';"
  fi
}

run_initdb_files() {
  local file
  for file in /docker-entrypoint-initdb.d/*; do
    case $file in
      *.sh) if [ -x "$file" ]; then "$file"; else . "$file"; fi ;;
      *.sql) sql ${MYSQL_DATABASE:+--database="$MYSQL_DATABASE"} < "$file" ;;
      *.sql.gz) gunzip -c "$file" | sql ${MYSQL_DATABASE:+--database="$MYSQL_DATABASE"} ;;
      *.sql.xz) xzcat "$file" | sql ${MYSQL_DATABASE:+--database="$MYSQL_DATABASE"} ;;
      *.sql.zst) zstd -dc "$file" | sql ${MYSQL_DATABASE:+--database="$MYSQL_DATABASE"} ;;
    esac
  done
}

first_start() {
  refuse_without_password
  if [ -n "$MYSQL_RANDOM_ROOT_PASSWORD" ]; then
    MYSQL_ROOT_PASSWORD=$(head -c 24 /dev/urandom | base64)
    printf 'GENERATED ROOT PASSWORD: %s\n' "$MYSQL_ROOT_PASSWORD"
  fi
  initialise "$@"
  root_password=
  start_temporary_server "$@"
  load_time_zones
  setup_statements | sql --database=mysql
  root_password=$MYSQL_ROOT_PASSWORD
  run_initdb_files
  stop_temporary_server
  printf '\n[Note] [Entrypoint]: init process done. Ready for start up.\n\n'
}

wants_help() {
  local argument
  for argument; do
    case $argument in -'?' | --help | --print-defaults | -V | --version) return 0 ;; esac
  done
  return 1
}

[ "${1:0:1}" != '-' ] || set -- "$server" "$@"

case $1 in
  mysqld | mariadbd)
    if ! wants_help "$@"; then
      # Shown by the server itself: an unknown option must end the container before anything is written.
      "$@" --verbose --help > /dev/null || refuse 'mysqld failed while attempting to check config'
      datadir=$(setting datadir "$@") socket=$(setting socket "$@")
      mkdir -p "$datadir" "$(dirname "$socket")"
      if [ "$(id -u)" = 0 ]; then
        find "$datadir" "$(dirname "$socket")" \! -user mysql -exec chown --no-dereference mysql '{}' +
        exec gosu mysql "$BASH_SOURCE" "$@"
      fi
      read_environment
      [ -d "$datadir/mysql" ] || first_start "$@"
    fi
    ;;
esac

exec "$@"
