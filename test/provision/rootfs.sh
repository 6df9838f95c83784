#!/bin/sh
# Turns a copy of a bare Debian tree into the root file system of one stand-in image.
#   rootfs.sh ROOT DEBS KIND VERSION ENTRYPOINT PACKAGE…
# KIND is postgres, mysql, mariadb or tools. Run it in mount and PID namespaces of its own: whatever ends it
# then also ends its children and takes its mounts away.
set -eu

root=$1 debs=$2 kind=$3 version=$4 entrypoint=$5
shift 5

inside() {
  chroot "$root" /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
    ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} ${no_proxy:+no_proxy="$no_proxy"} "$@"
}

mount_inside() {
  mount -t proc proc "$root/proc"
  mount -t sysfs -o ro sysfs "$root/sys"
  mount --rbind /dev "$root/dev"
  mkdir -p "$root/var/cache/apt/archives" "$debs/partial"
  mount --bind "$debs" "$root/var/cache/apt/archives"
}

forbid_services_and_documentation() {
  printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d"
  chmod 755 "$root/usr/sbin/policy-rc.d"
  printf 'path-exclude=/usr/share/%s/*\n' doc man info lintian > "$root/etc/dpkg/dpkg.cfg.d/no-documentation"
  printf 'path-exclude=/usr/share/locale/*/LC_MESSAGES/*\n' >> "$root/etc/dpkg/dpkg.cfg.d/no-documentation"
}

# Official images fix these numbers, and data directories carry them.
add_server_user() {
  case $kind in
    postgres) home=/var/lib/postgresql shell=/bin/bash ;;
    *) home=/var/lib/mysql shell=/usr/sbin/nologin ;;
  esac
  user=$kind
  [ "$kind" != mariadb ] || user=mysql
  inside groupadd --system --gid 999 "$user"
  inside useradd --system --uid 999 --gid 999 --home-dir "$home" --no-create-home --shell "$shell" "$user"
}

install_packages() {
  # Read by postgresql-common: without it the package makes a cluster that no container uses.
  mkdir -p "$root/etc/postgresql-common/createcluster.d"
  echo 'create_main_cluster = false' > "$root/etc/postgresql-common/createcluster.d/none.conf"
  set -- apt-get -q -y -o Dpkg::Options::=--force-unsafe-io -o APT::Keep-Downloaded-Packages=true \
    install --no-install-recommends "$@"
  # The tree's lists may be days old, and the mirror keeps only today's packages.
  inside "$@" || { inside apt-get -q update; inside "$@"; }
}

finish_postgres() {
  inside localedef -i en_US -c -f UTF-8 en_US.UTF-8
  sed -i "s/^#*listen_addresses = .*/listen_addresses = '*'/" "$root/usr/share/postgresql/$version/postgresql.conf.sample"
  rm -rf "$root/var/lib/postgresql" "$root/var/run/postgresql"
  inside install -d -o postgres -g postgres -m 1777 /var/lib/postgresql
  inside install -d -o postgres -g postgres -m 3777 /var/run/postgresql
  [ "$version" -ge 18 ] || inside install -d -o postgres -g postgres -m 1777 /var/lib/postgresql/data
}

finish_mysql_directories() {
  rm -rf "$root/var/lib/mysql" "$root/var/run/mysqld"
  inside install -d -o mysql -g mysql -m 1777 /var/lib/mysql /var/run/mysqld
}

finish_mysql() {
  finish_mysql_directories
  inside install -d -o mysql -g mysql -m 0750 /var/lib/mysql-files
  rm -rf "$root"/etc/mysql/*
  mkdir -p "$root/etc/mysql/conf.d"
  cat > "$root/etc/my.cnf" <<'CONFIGURATION'
[mysqld]
host-cache-size=0
skip-name-resolve
datadir=/var/lib/mysql
socket=/var/run/mysqld/mysqld.sock
secure-file-priv=/var/lib/mysql-files
user=mysql
pid-file=/var/run/mysqld/mysqld.pid

[client]
socket=/var/run/mysqld/mysqld.sock

!includedir /etc/mysql/conf.d/
CONFIGURATION
}

finish_mariadb() {
  finish_mysql_directories
  grep -rlE '^(bind-address|log|user[[:space:]])' "$root/etc/mysql" | xargs -r sed -Ei 's/^(bind-address|log|user[[:space:]])/#&/'
  printf '[mariadbd]\nhost-cache-size=0\nskip-name-resolve\n' > "$root/etc/mysql/mariadb.conf.d/05-skipcache.cnf"
  case $version in
    # From 11.0 on the official image has no tool under a MySQL name.
    1[1-9].*) find "$root/usr/bin" "$root/usr/sbin" -name 'mysql*' -type l -delete ;;
  esac
}

finish_tools() { :; }

clean() {
  # Else the next line would empty the cache of downloaded packages, which is mounted here.
  umount "$root/var/cache/apt/archives"
  rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/* "$root"/var/log/* "$root"/tmp/* "$root"/run/dpkg-shlibdeps \
    "$root"/usr/share/doc/* "$root"/usr/share/man/* "$root"/usr/share/info/* "$root"/usr/share/lintian/* \
    "$root"/usr/share/locale/*/LC_MESSAGES "$root/usr/sbin/policy-rc.d" "$root"/etc/apt/apt.conf.d/90host
  rm -f "$root/etc/resolv.conf" "$root/etc/hostname"
}

mount_inside
forbid_services_and_documentation
[ "$kind" = tools ] || add_server_user
install_packages "$@"
"finish_$kind"
if [ "$kind" != tools ]; then
  mkdir -p "$root/docker-entrypoint-initdb.d"
  install -m 755 "$entrypoint" "$root/usr/local/bin/docker-entrypoint.sh"
fi
clean
