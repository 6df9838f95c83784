import { EXIT } from "./pool-errors.ts";

/*
 * Shell that runs inside the anchor (`/pool` is the file system, DITTO_* describe it). All of it runs under `set -eu` of a
 * plain POSIX sh, gets its arguments by position and never contains a value of ours in its text.
 */

/** The command of the anchor: pid 1 reaps what orphaned clones leave, and ends at once. */
export const ANCHOR = "trap 'exit 0' TERM INT; while :; do sleep 86400 & wait \"$!\"; done";

/**
 * Runs before everything else: the right file system is there, at the path that the caller believes ($1; empty: don't
 * mind). It costs no process, so it can stand before each clone.
 */
const GUARD = `
read -r pool </pool/.ditto-pool || exit ${EXIT.foreign}
[ "$pool" = "$DITTO_POOL" ] || exit ${EXIT.foreign}
[ -z "$1" ] || [ "$1" = "$DITTO_MOUNTPOINT" ] || exit ${EXIT.moved}
shift
cd /pool
`;

/**
 * Work happens in tmp/<area>.<id>.part, which is locked for as long as its maker lives: a dot is in no id, and whatever
 * lies there unlocked is a dead maker's.
 */
const PART = `
destroy() { # removes a subvolume, also a frozen one, in one step
  [ "$DITTO_FILESYSTEM" = btrfs ] || return 1
  btrfs -q subvolume delete "$1" >/dev/null 2>&1 && return 0
  btrfs property set -ts "$1" ro false >/dev/null 2>&1 && btrfs -q subvolume delete "$1" >/dev/null 2>&1
}
drop() { # removes a directory, whatever it is made of
  [ -e "$1" ] || return 0
  destroy "$1" || rm -rf -- "$1"
}
move() { # a frozen subvolume can't change its parent
  mv -T -- "$1" "$2" 2>/dev/null && return 0
  [ "$DITTO_FILESYSTEM" != btrfs ] || btrfs property set -ts "$1" ro false
  mv -T -- "$1" "$2"
}
begin() { # $1: the path that is made or removed; waits for whoever works on the same one
  part="tmp/\${1%%/*}.\${1#*/}.part"
  while :; do
    mkdir -p "$part" || return 1
    exec 9<"$part"
    flock -w 120 9 || exit ${EXIT.busy}
    # The one we waited for has removed its folder: the lock is on nothing.
    [ ! /proc/self/fd/9 -ef "$part" ] || break
  done
  trap 'status=$?; drop "$part/data"; rm -rf -- "$part"; exit "$status"' EXIT
  drop "$part/data"
}
finish() { # puts the finished part where it belongs
  [ ! -e "$1" ] || exit ${EXIT.exists}
  mv -T -- "$part/data" "$1"
}
`;

/**
 * Reads "F <path> <base64>" lines and a closing "E"; without that the sender died and nothing may come of it. Each
 * file is made beside its place and renamed over it, so a symbolic link that a server left there is replaced, not followed.
 */
const FILES = `
put_files() { # $1: directory, $2: owner or ""
  directory="/pool/$1" owner=$2 ended=
  [ -n "$owner" ] || owner=$(stat -c %u:%g "$directory")
  umask 077
  set --
  while IFS=' ' read -r mark path content; do
    [ "$mark" = F ] || { ended=$mark; break; }
    folder=$directory
    case $path in */*)
      folder="$directory/\${path%/*}"
      ( cd -P "$folder" && [ "$(pwd -P)" = "$folder" ] ) || exit ${EXIT.outside} ;;
    esac
    new="$folder/.ditto-new"
    if [ -e "$new" ] || [ -L "$new" ]; then rm -rf -- "$new"; fi
    printf %s "$content" | base64 -d >"$new"
    mv -fT -- "$new" "$directory/$path"
    set -- "$@" "$path"
  done
  [ "$ended" = E ] || exit ${EXIT.cutShort}
  [ "$#" = 0 ] || ( cd "$directory" && chown -h -- "$owner" "$@" )
}
`;

const COPY = `
copy() { # $1: the directory that becomes the part
  if [ "$DITTO_FILESYSTEM" = btrfs ]; then btrfs -q subvolume snapshot "$1" "$part/data" >/dev/null
  else cp -a --reflink="\${DITTO_REFLINK:-always}" -- "$1" "$part/data"; fi
}
`;

/** Syncs the whole file system: the path's rename and everything below it. XFS has no read-only directory. */
const MAKE_FROZEN = `
make_frozen() {
  sync -f "$1"
  [ "$DITTO_FILESYSTEM" != btrfs ] || btrfs property set -ts "$1" ro true
}
`;

/** $1 from, $2 to, $3 owner of the files or "", $4 "files" when they come by stdin, once it has said that the rest is there. */
export const CLONE = `${GUARD}${PART}${FILES}${COPY}
[ -d "$1" ] || exit ${EXIT.missing}
[ ! -e "$2" ] || exit ${EXIT.exists}
begin "$2"
copy "$1"
echo cloned
[ "$4" != files ] || put_files "$part/data" "$3"
finish "$2"
`;

/**
 * $1 from, where a server may be writing, $2 to, $3 owner of the files. What servers left in the kernel's cache is written first: a
 * clone would do it while they wait. Then it says so, and is told by a line when they stand still; the files follow. Prints the bytes.
 */
export const CLONE_LIVE = `${GUARD}${PART}${FILES}${COPY}${MAKE_FROZEN}
[ -d "$1" ] || exit ${EXIT.missing}
[ ! -e "$2" ] || exit ${EXIT.exists}
begin "$2"
sync -f "$1"
echo synced
read -r _ || exit ${EXIT.cutShort}
copy "$1"
echo cloned
put_files "$part/data" "$3"
finish "$2"
make_frozen "$2"
du -s -B1 "$2" | cut -f1
`;

/** $1 path, $2 owner. */
export const CREATE = `${GUARD}${PART}
[ ! -e "$1" ] || exit ${EXIT.exists}
begin "$1"
if [ "$DITTO_FILESYSTEM" = btrfs ]; then btrfs -q subvolume create "$part/data" >/dev/null
else mkdir "$part/data"; fi
chmod 700 "$part/data"
chown "$2" "$part/data"
finish "$1"
`;

/**
 * $1 path. It disappears in one step, so nobody ever sees half of it; only on a file system too full for one more folder it goes
 * bit by bit. The sync commits what was deleted just before: until then btrfs counts it as used, and may refuse even to delete.
 */
export const REMOVE = `${GUARD}${PART}
[ -e "$1" ] || exit 0
destroy "$1" && exit 0
[ "$DITTO_FILESYSTEM" != btrfs ] || { sync -f /pool; destroy "$1" && exit 0; }
begin "$1" 2>/dev/null || { drop "$1"; exit 0; }
[ ! -e "$1" ] || move "$1" "$part/data"
`;

/** $1 from, $2 to. What was frozen is frozen again. */
export const RENAME = `${GUARD}${PART}
[ -d "$1" ] || exit ${EXIT.missing}
[ ! -e "$2" ] || exit ${EXIT.exists}
frozen=
[ "$DITTO_FILESYSTEM" != btrfs ] || frozen=$(btrfs property get -ts "$1" ro)
move "$1" "$2"
[ "$frozen" != ro=true ] || btrfs property set -ts "$2" ro true
`;

/** $1 path. */
export const FREEZE = `${GUARD}${MAKE_FROZEN}
[ -d "$1" ] || exit ${EXIT.missing}
make_frozen "$1"
`;

/** $1 path; prints bytes that nothing else shares, where the file system can tell them. */
export const USAGE = `${GUARD}
[ -d "$1" ] || exit ${EXIT.missing}
if [ "$DITTO_FILESYSTEM" = btrfs ]; then btrfs filesystem du -s --raw "$1" | { read -r _; read -r _ exclusive _; echo "$exclusive"; }
else du -s -B1 "$1" | cut -f1; fi
`;

/** $1 path; prints yes or no. */
export const EXISTS = `${GUARD}
if [ -e "$1" ]; then echo yes; else echo no; fi
`;

/** $1 name of the marker file; prints "<path> <base64 of the marker>". A link in its place is a server's doing: not read. */
export const LIST = `${GUARD}
for path in bases/* copies/* snapshots/* tmp/*; do
  case $path in *.part) continue ;; esac
  [ -d "$path" ] || continue
  marker="$path/$1"
  if [ -f "$marker" ] && [ ! -L "$marker" ]; then echo "$path $(head -c 65536 "$marker" | base64 -w 0)"; else echo "$path "; fi
done
`;

/** $1 seconds: removes what dead makers left that long ago and prints what it was for. A server's image may have no find. */
export const SWEEP = `${GUARD}${PART}
now=$(date +%s)
for part in tmp/*.part; do
  (
    changed=$(stat -c %Y "$part" 2>/dev/null) || exit 0
    [ "$((now - changed))" -ge "$1" ] || exit 0
    exec 9<"$part"
    flock -n 9 || exit 0
    [ /proc/self/fd/9 -ef "$part" ] || exit 0
    drop "$part/data"
    rm -rf -- "$part"
    path=\${part#tmp/} path=\${path%.part}
    echo "\${path%%.*}/\${path#*.}"
  )
done
`;

/** Prints key=value lines about the mounted file system. */
export const MEASURE = `${GUARD}
df -B1 --output=size,used,avail /pool | { read -r _; read -r size used free; echo "size=$size"; echo "used=$used"; echo "free=$free"; }
for area in bases copies snapshots; do
  set -- "$area"/*
  if [ -e "$1" ]; then echo "$area=$#"; else echo "$area=0"; fi
done
`;

/** Only the guard. */
export const CHECK = GUARD;
