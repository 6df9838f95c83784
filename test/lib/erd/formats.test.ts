import { describe, expect, test } from "bun:test";
import { diagramOf } from "../../../lib/erd/diagram.ts";
import { FORMATS, formatOf, writeDiagram } from "../../../lib/erd/index.ts";
import { columns, HOSTILE, primary, SHOP, schemaOf, table } from "./fixture.ts";

const shop = diagramOf(SHOP);
const hostile = diagramOf(HOSTILE);

test("mermaid has the tables, their keys and crow's feet", async () => {
  const text = await writeDiagram(shop, "mermaid");
  expect(text).toStartWith("erDiagram\n");
  expect(text).toContain('  "order_products" {\n    int order PK, FK "not null"\n');
  expect(text).toContain('  "customers" ||--o{ "orders" : "customer"\n');
  expect(text).toContain('  "coupons" |o--o{ "orders" : "coupon"\n');
  expect(text).toContain('  "customers" ||--o| "profiles" : "id"\n');
});

test("DBML has the keys and references", async () => {
  const text = await writeDiagram(shop, "dbml");
  expect(text).toContain('Table "public"."products" {\n  "id" int [pk]\n  "name" varchar(100) [not null]\n}');
  expect(text).toContain('    ("order", "product") [pk]');
  expect(text).toContain('Ref "fk_coupon": "public"."orders"."coupon" > "public"."coupons"."id"');
  expect(text).toContain('Ref "fk_id": "public"."profiles"."id" - "public"."customers"."id"');
});

test("JSON has the columns, the relations and what is many to many", async () => {
  const data = JSON.parse(await writeDiagram(shop, "json"));
  expect(data).toMatchObject({ engine: "postgres", database: "shop" });
  expect(data.tables[1]).toMatchObject({ name: "customers", columns: [{ name: "id", primary: true }, {}, {}] });
  expect(data.many_to_many).toHaveLength(1);
  expect(data.relations[0]).toMatchObject({ child_columns: ["referrer"], parents: "0..1" });
});

test("Markdown has a section for every table, and what refers to it", async () => {
  const text = await writeDiagram(shop, "markdown");
  expect(text).toContain("```mermaid\nerDiagram\n");
  expect(text).toContain("- `public.orders` N-M `public.products`, through `public.order_products`");
  expect(text).toContain("- referenced by `public.orders` (`coupon`)");
});

describe("whatever names and comments hold", () => {
  for (const format of FORMATS) {
    test(`${format} is written, twice the same`, async () => {
      expect(await writeDiagram(hostile, format)).toBe(await writeDiagram(hostile, format));
    });
  }

  test("DBML's quotes end where they should, and a name is one line", async () => {
    const comment = "the team's 'own'\n'''x'''";
    const lines = table("two\nlines", columns("id int"), [primary("id")], { comment });
    const [first] = lines.columns;
    if (first) first.name = "i\r\nd";
    const text = await writeDiagram(diagramOf(schemaOf(lines)), "dbml");
    expect(text).toContain('Table "public"."two lines" {\n  "i d" int');
    expect(text).toContain(String.raw`Note: '''the team\'s \'own\'` + "\n" + String.raw`\'\'\'x\'\'\''''`);
  });

  test("no comment ends the page's script, and no name is markup", async () => {
    const page = await writeDiagram(hostile, "html");
    expect(page.match(/<script/g)).toHaveLength(2);
    expect(page).not.toContain("<b>name</b>");
    expect(page).not.toMatch(/(src|href)="(?!#)/);
  });

  test("a line of Mermaid has its quotes in pairs, and no comment in it", async () => {
    for (const line of (await writeDiagram(hostile, "mermaid")).split("\n")) {
      expect((line.match(/"/g) ?? []).length % 2).toBe(0);
      expect(line).not.toContain("%%");
    }
  });

  test("the drawing is XML", async () => {
    const svg = await writeDiagram(hostile, "svg");
    const seen: string[] = [];
    const rewriter = new HTMLRewriter().on("g.entity text", {
      text: ({ text }) => {
        seen.push(text);
      },
    });
    rewriter.transform(svg);
    expect(seen.join("")).toContain("&quot;quoted&quot; &lt;b&gt;name&lt;/b&gt;");
  });
});

test("a drawing of thousands of tables is refused with what helps, other formats are not", async () => {
  const many = diagramOf(schemaOf(...Array.from({ length: 3001 }, (_, at) => table(`t${at}`, columns("id int")))));
  expect(writeDiagram(many, "svg")).rejects.toMatchObject({
    code: "TOO_LARGE",
    hint: expect.stringContaining("--table"),
  });
  expect((await writeDiagram(many, "mermaid")).length).toBeGreaterThan(50_000);
});

test("the format follows from the file's name", () => {
  expect(["a.svg", "a.MD", "b.html", "c.mmd", "c.gv", "none", "x.pdf"].map(formatOf)).toEqual([
    "svg",
    "markdown",
    "html",
    "mermaid",
    "dot",
    undefined,
    undefined,
  ]);
});
