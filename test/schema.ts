import { jsonSchema } from "../lib/kit/config-schema.ts";

// `bun run schema` writes templates/schema.json with this; a test fails when that file is out of date.
console.log(JSON.stringify(jsonSchema(), null, 2));
