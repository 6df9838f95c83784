import { quoteShell } from "../kit/shell.ts";

/** What the log of a server ends with that was not started. */
export const UNCLEAN = "ditto: the machine went down while this server ran";

/** POSIX sh: what runs from here on, and falls, leaves its memory in no file. */
export const NO_CORE = "ulimit -c 0\n";

/**
 * POSIX sh before and after a server in its place. A file holds the boot in which the server runs; it goes with a clean
 * end. One of another boot tells that the machine went down under a server that doesn't sync its writes: its files may
 * not belong together, and it is not started.
 */
export const crashGuard = {
  before: `boot=$(cat /proc/sys/kernel/random/boot_id 2>/dev/null || sysctl -n kern.bootsessionuuid 2>/dev/null || echo unknown)
if [ -s running ] && [ "$(cat running)" != "$boot" ]; then
  echo ${quoteShell(UNCLEAN)} >&2
  exit 78
fi
printf '%s' "$boot" > running
`,
  after: `if [ "$status" = 0 ]; then rm -f running; fi
`,
};
