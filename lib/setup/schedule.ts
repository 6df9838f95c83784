/** How often the base is to be refreshed. */
export type Schedule = "never" | "nightly" | "weekly";

const TIMES: Record<Exclude<Schedule, "never">, string> = { nightly: "30 3 * * *", weekly: "30 3 * * 0" };

/** The line for crontab, "" for none: ditto starts nothing by itself. A `%` would end the command there. */
export function cronLine(schedule: Schedule, command: string): string {
  return schedule === "never" ? "" : `${TIMES[schedule]} ${command.replaceAll("%", "\\%")}`;
}
