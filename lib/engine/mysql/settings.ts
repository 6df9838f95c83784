import type { ServeOptions, ServerVersion } from "../index.ts";
import { isMariadb, isMysql } from "./version.ts";

/**
 * What makes a source behave as it does and is a server setting of the copy: kept as traits of the look under these
 * very names. Not among them: what only sizes or secures a server.
 */
export const TRAIT_SETTINGS = [
  "character_set_server",
  "collation_server",
  "sql_mode",
  "lower_case_table_names",
  "time_zone",
  "max_allowed_packet",
  "group_concat_max_len",
  "explicit_defaults_for_timestamp",
  "default_storage_engine",
  "transaction_isolation",
  "tx_isolation",
  "autocommit",
  "div_precision_increment",
  "default_week_format",
  "lc_time_names",
  "ft_min_word_len",
  "innodb_ft_min_token_size",
  "innodb_ft_max_token_size",
  "ngram_token_size",
  "innodb_page_size",
  "innodb_strict_mode",
  "log_bin_trust_function_creators",
] as const;

/** Traits that are fixed when the data directory is made, and must be the same ever after. */
const FIXED_AT_BIRTH = ["lower_case_table_names", "innodb_page_size"];

/** A look's traits as server settings (`sources`' own names, `time_zone` as the option it is at start). */
export function settingsFromTraits(traits: Record<string, string>): Record<string, string> {
  const settings: Record<string, string> = {};
  for (const name of TRAIT_SETTINGS) {
    const value = traits[name];
    if (value === undefined || (name === "time_zone" && value === "SYSTEM")) continue;
    settings[optionName(name)] = value;
  }
  return settings;
}

function optionName(variable: string): string {
  if (variable === "time_zone") return "default_time_zone";
  // A variable of these names, but an option of the other, in MariaDB before 11.1 and MySQL 5.7.
  if (variable === "tx_isolation") return "transaction_isolation";
  return variable;
}

/** The traits that an initialise script has to know. */
export function birthSettings(traits: Record<string, string>): string[] {
  return FIXED_AT_BIRTH.filter((name) => traits[name] !== undefined).map((name) => `--${name}=${traits[name]}`);
}

/** Ours, before the user's. Memory and start-up count: a copy is one of many and lives for minutes. */
export function serverSettings(options: ServeOptions): Record<string, string> {
  const { server, settings } = options;
  if (options.purpose === "copy") return { ...common(server), ...copy(server), ...settings };
  // Zones by name are only known when the build has loaded them; its own sessions all say which zone they mean.
  const { default_time_zone: _, ...others } = settings;
  const small = options.purpose === "staging" ? staging(server) : {};
  return { ...common(server), ...build(server), ...small, ...others, max_allowed_packet: "1G" };
}

function common(server: ServerVersion): Record<string, string> {
  return {
    skip_name_resolve: "ON",
    skip_log_bin: "ON",
    event_scheduler: "OFF",
    performance_schema: "OFF",
    local_infile: "ON",
    innodb_doublewrite: "OFF",
    innodb_buffer_pool_load_at_startup: "OFF",
    innodb_buffer_pool_dump_at_shutdown: "OFF",
    // The kernel's asynchronous requests are a resource of the whole machine that a few dozen servers use up.
    innodb_use_native_aio: "OFF",
    ...redoLog(server),
    // Copies share the kernel's cache where they share files; O_DIRECT would read the same blocks from disk each time.
    // Nothing waits for the disk: a freeze syncs, and a copy under which the machine went down is unclean in any case.
    ...(isMysql(server)
      ? { innodb_flush_method: "nosync", loose_mysqlx: "OFF", loose_innodb_numa_interleave: "OFF" }
      : { innodb_flush_method: "fsync", loose_debug_no_sync: "ON", loose_feedback: "OFF", skip_slave_start: "ON" }),
  };
}

/**
 * Small, because an overlay copies the whole file up at each start, and the same while building, because a server that
 * finds another size writes new files at its start.
 */
function redoLog(server: ServerVersion): Record<string, string> {
  return isMysql(server, "8.0.30") ? { innodb_redo_log_capacity: "32M" } : { innodb_log_file_size: "32M" };
}

function copy(server: ServerVersion): Record<string, string> {
  return {
    // Acknowledged commits are in the kernel's cache, where a snapshot finds them: 0 would lose a second of them.
    innodb_flush_log_at_trx_commit: "2",
    innodb_buffer_pool_size: "64M",
    innodb_log_buffer_size: "8M",
    innodb_read_io_threads: "2",
    innodb_write_io_threads: "2",
    innodb_purge_threads: "1",
    table_open_cache: "1000",
    table_definition_cache: "1000",
    key_buffer_size: "4M",
    // With many tables most of a start is spent on looking whether their files were moved.
    ...(isMariadb(server) ? { aria_pagecache_buffer_size: "8M" } : { loose_innodb_validate_tablespace_paths: "OFF" }),
  };
}

function build(server: ServerVersion): Record<string, string> {
  return {
    innodb_flush_log_at_trx_commit: "0",
    innodb_buffer_pool_size: "512M",
    innodb_log_buffer_size: "16M",
    innodb_io_capacity: "2000",
    innodb_io_capacity_max: "20000",
    // Resized while the server runs, and back by the build's last step.
    ...(isMariadb(server, "10.9") ? { innodb_log_file_size: "512M" } : {}),
  };
}

/** Its files lie in memory beside it, and nothing is written down of what it is told. */
function staging(server: ServerVersion): Record<string, string> {
  return { innodb_buffer_pool_size: "128M", general_log: "OFF", slow_query_log: "OFF", ...redoLog(server) };
}

/** Statements at the begin and the end of a build: rows are loaded with little or no redo log, copies start with a small one. */
export function buildBrackets(server: ServerVersion): { begin: string[]; end: string[] } {
  if (isMysql(server, "8.0.21")) {
    return { begin: ["ALTER INSTANCE DISABLE INNODB REDO_LOG"], end: ["ALTER INSTANCE ENABLE INNODB REDO_LOG"] };
  }
  const resize = isMariadb(server, "10.9") ? ["SET GLOBAL innodb_log_file_size = 33554432"] : [];
  return { begin: [], end: resize };
}
