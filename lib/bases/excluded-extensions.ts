/** Extensions that no image outside of the service has; what is free software and merely preinstalled there is not among them. */
const MANAGED = [
  // Amazon RDS and Aurora
  ...["rds_*", "aws_*", "apg_plan_mgmt", "aurora_*", "log_fdw"],
  // Google Cloud SQL and AlloyDB
  ...["google_*", "alloydb_*"],
  // Azure
  ...["azure", "azure_*", "pgaadauth"],
  // Neon, Aiven
  ...["neon", "neon_*", "aiven_extras"],
];

/** What `dump.exclude_extensions` names, as patterns. */
export function excludedPatterns(wish: "auto" | string[]): { text: string; glob: Bun.Glob }[] {
  return (wish === "auto" ? MANAGED : wish).map((text) => ({ text, glob: new Bun.Glob(text) }));
}
