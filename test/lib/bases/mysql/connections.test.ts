import { expect, test } from "bun:test";
import { tableOf, withoutPasswords } from "../../../../lib/bases/mysql/connections.ts";

const PASSWORD = "s3cret/x:y";

/** A table as SHOW CREATE TABLE writes it. */
function table(options: string): string {
  return `CREATE TABLE \`far \`\`away\` (\n  \`id\` int NOT NULL COMMENT 'password = your own',\n  PRIMARY KEY (\`id\`)\n) ${options}`;
}

test.each([
  [
    `ENGINE=FEDERATED DEFAULT CHARSET=utf8mb4 CONNECTION='mysql://ann:${PASSWORD}@db.corp.io:3306/shop/people'`,
    "ann@db",
  ],
  [`ENGINE=FEDERATED CONNECTION='mysql://:${PASSWORD}@h/d/t'`, "mysql://@h/d/t"],
  [`ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 CONNECTION='mysql://ann:${PASSWORD}@h/d/t'`, "mysql://ann@h/d/t"],
  [`ENGINE=CONNECT CONNECTION='mysql://ann:${PASSWORD}@h/d/t' \`TABLE_TYPE\`=MYSQL`, "MYSQL"],
  [`ENGINE=CONNECT \`TABLE_TYPE\`=ODBC CONNECTION='DSN=x;UID=ann;PWD=${PASSWORD};APP=y'`, ";APP=y"],
  [`ENGINE=CONNECT \`OPTION_LIST\`='Host=h,Password=${PASSWORD},Port=3307'`, "Host=h,Password=,Port=3307"],
  [`ENGINE=SPIDER COMMENT='host "h", user "ann", password "${PASSWORD}", port "3307"'`, 'password "", port'],
  [`ENGINE=SPIDER\n PARTITION BY LIST (id)\n(PARTITION p1 COMMENT = 'pwd ''${PASSWORD}''' ENGINE = SPIDER)`, "pwd "],
])("a table of another server keeps where it is, without the password: %s", (options, stays) => {
  const bare = withoutPasswords(table(options));
  expect(bare).not.toContain(PASSWORD);
  expect(bare).toContain(stays);
  expect(bare).toContain("COMMENT 'password = your own'");
  expect(tableOf(bare)).toBe("far `away");
});

test("other statements, and tables of other servers that name none, stay as they are", () => {
  for (const text of [
    table("ENGINE=InnoDB COMMENT='see mysql://ann:secret@h/d'"),
    table("ENGINE=FEDERATED CONNECTION='the_server/people'"),
    table("ENGINE=FEDERATED CONNECTION='mysql://ann@h/d/t' COMMENT='password reset asks here'"),
  ])
    expect(withoutPasswords(text)).toBe(text);
});
