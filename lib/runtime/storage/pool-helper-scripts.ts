import { EXIT } from "./pool-errors.ts";

/*
 * Shell that runs in the short-lived helper, which may attach loop devices. `/f` is the volume with the pool's file:
 *   pool-<id>.img   the file; it appears by a rename when it is reserved and formatted
 *   device          the loop device's node, which the daemon mounts
 *   id, filesystem, complete   written at creation, `complete` last
 *   lock            held by whoever attaches, grows or removes
 */

const LOCK = "exec 9>/f/lock\nflock 9\n";

/**
 * A container has no loop nodes. Numbers come from sysfs: with `max_part` set, minor numbers are not loop numbers. Sysfs
 * also tells which device has our file, by its name with the pool's id: the folder before it belongs to an earlier helper's mounts,
 * and \`losetup -j\` finds nothing in podman, which hides /sys/dev/block.
 */
const LOOPS = `
image=/f/pool-none.img
[ ! -e /f/id ] || image="/f/pool-$(cat /f/id).img"
nodes() {
  [ -c /dev/loop-control ] || mknod -m 600 /dev/loop-control c 10 237 || exit ${EXIT.noLoop}
  for block in /sys/block/loop*; do
    [ -e "$block/dev" ] || continue
    name=/dev/\${block##*/}
    [ -b "$name" ] || { IFS=: read -r major minor <"$block/dev"; mknod -m 600 "$name" b "$major" "$minor" || exit ${EXIT.noLoop}; }
  done
}
backed() {
  for block in /sys/block/loop*; do
    if IFS= read -r backing <"$block/loop/backing_file"; then
      case $backing in $1) echo "/dev/\${block##*/}" ;; esac
    fi 2>/dev/null
  done
}
attached() { backed "*/\${image#/f/}"; }
orphaned() { backed '*/pool-????????????????.img (deleted)'; }
`;

const NEED = `
need() { for tool in "$@"; do command -v "$tool" >/dev/null || { echo "$tool" >&2; exit ${EXIT.noTool}; }; done; }
`;

/**
 * A prune that deleted a pool's file left its bytes with the loop device, until that lets go of it; one that is still
 * mounted only does so then.
 * $1 bytes or "auto", $2 "reserved" or "sparse", $3 file system, $4 id. mkfs discards by default, which would unreserve the file.
 */
export const MAKE = `${LOCK}${NEED}${LOOPS}
[ ! -e /f/complete ] || exit ${EXIT.exists}
need losetup fallocate "mkfs.$3"
nodes
for device in $(orphaned); do losetup -d "$device" || :; done
free=$(df -B1 --output=avail /f | tail -n 1 | tr -d ' ')
size=$1
if [ "$size" = auto ]; then
  size=$((free / 4 / 1048576 * 1048576))
  [ "$size" -le 21474836480 ] || size=21474836480
fi
[ "$size" -ge 536870912 ] || exit ${EXIT.small}
rm -f /f/new.img /f/pool-*.img
if [ "$2" = sparse ]; then truncate -s "$size" /f/new.img
else
  [ "$size" -le "$((free - 1073741824))" ] || { echo "$((free / 1048576)) MB are free, and 1024 MB of them stay free" >&2; exit ${EXIT.noSpace}; }
  fallocate -l "$size" /f/new.img || { rm -f /f/new.img; exit ${EXIT.noSpace}; }
fi
case $3 in
  btrfs) mkfs.btrfs -q -f -K -m single -d single -L ditto /f/new.img >&2 ;;
  xfs) mkfs.xfs -q -f -K -m reflink=1 -L ditto /f/new.img >&2 ;;
esac
echo "$4" >/f/id
echo "$3" >/f/filesystem
sync -f /f/new.img
mv -f /f/new.img "/f/pool-$4.img"
`;

/**
 * $1 "complete" or "fresh". Attaches, and points /f/device at the loop device. A data root mounted with nodev can't
 * hold a usable node; there a link to the host's own /dev does the same.
 */
export const ATTACH = `${LOCK}${LOOPS}
[ -f "$image" ] || exit ${EXIT.incomplete}
[ "$1" = fresh ] || [ -e /f/complete ] || exit ${EXIT.incomplete}
nodes
tries=0
device=$(attached | head -n 1)
while [ -z "$device" ]; do
  tries=$((tries + 1))
  [ "$tries" -le 30 ] || exit ${EXIT.noLoop}
  free=$(losetup -f) || exit ${EXIT.noLoop}
  free=\${free%% *}
  nodes
  losetup --direct-io=on "$free" "$image" || losetup "$free" "$image" || sleep 0.1
  device=$(attached | head -n 1)
done
IFS=: read -r major minor <"/sys/block/\${device#/dev/}/dev"
rm -f /f/device.new
mknod -m 600 /f/device.new b "$major" "$minor" || exit ${EXIT.noLoop}
( : </f/device.new ) 2>/dev/null || ln -sf "$device" /f/device.new
mv -fT /f/device.new /f/device
echo "id=$(cat /f/id)"
echo "filesystem=$(cat /f/filesystem)"
`;

/** $1 id: fills the new file system, mounted at /pool, and declares the pool complete. */
export const COMPLETE = `${LOCK}
chmod 711 /pool
for area in bases copies snapshots tmp; do
  [ -d "/pool/$area" ] || mkdir -m 711 "/pool/$area"
done
echo "$1" >/pool/.ditto-pool
sync -f /pool/.ditto-pool
touch /f/complete
sync -f /f/complete
`;

/** $1 bytes. An interrupted grow is finished by the same call again. */
export const GROW = `${LOCK}${LOOPS}
nodes
old=$(stat -c %s "$image")
held=$(($(stat -c %b "$image") * 512))
[ "$1" -ge "$old" ] || exit ${EXIT.notLarger}
free=$(df -B1 --output=avail /f | tail -n 1 | tr -d ' ')
if [ "$held" -lt "$old" ]; then truncate -s "$1" "$image"
else
  [ "$(($1 - old))" -le "$((free - 1073741824))" ] || { echo "$((free / 1048576)) MB are free, and 1024 MB of them stay free" >&2; exit ${EXIT.noSpace}; }
  fallocate -l "$1" "$image" || { truncate -s "$old" "$image"; exit ${EXIT.noSpace}; }
fi
device=$(attached | head -n 1)
losetup -c "$device"
case $(cat /f/filesystem) in
  btrfs) btrfs filesystem resize max /pool >&2 ;;
  xfs)
    # It looks for the device at the path of the mount table, which is the daemon's.
    while IFS=' ' read -r source target _; do
      [ "$target" != /pool ] || [ -e "$source" ] || { mkdir -p "\${source%/*}" && ln -s "$device" "$source"; }
    done </proc/self/mounts
    xfs_growfs /pool >&2 ;;
esac
`;

/**
 * Detaches and removes the file. losetup -d only marks a device that somebody has mounted, so its absence is awaited;
 * when it stays, the file stays too.
 */
export const DISCARD = `${LOCK}${LOOPS}
if [ -e "$image" ]; then
  nodes
  tries=0
  for device in $(attached); do losetup -d "$device"; done
  while [ -n "$(attached)" ]; do
    tries=$((tries + 1))
    [ "$tries" -le 50 ] || exit ${EXIT.busy}
    sleep 0.1
  done
fi
rm -f /f/complete /f/pool-*.img /f/new.img /f/device /f/device.new
`;

/** Prints key=value lines about the file and its loop device. */
export const EXAMINE = `${LOOPS}
[ ! -e /f/complete ] || echo complete=1
[ ! -e /f/filesystem ] || echo "filesystem=$(cat /f/filesystem)"
[ -e "$image" ] || exit 0
nodes
echo "size=$(stat -c %s "$image")"
echo "held=$(($(stat -c %b "$image") * 512))"
echo "device=$(attached | head -n 1)"
`;
