import { expect, test } from "bun:test";
import { dirname, join, relative, resolve } from "node:path";

const root = resolve(import.meta.dir, "..");

/** The house of DESIGN.md: imports go to a lower floor or stay in their own folder. */
const FLOORS: Record<string, number> = {
  scripts: 7,
  "lib/reference": 6,
  "lib/migrate": 6,
  "lib/setup": 6,
  "lib/copies": 5,
  "lib/bases": 4,
  "lib/mask": 3,
  "lib/erd": 3,
  "lib/schema": 2,
  "lib/vendor": 1,
  "lib/engine": 1,
  "lib/runtime": 1,
  "lib/kit": 0,
  // The version stands there.
  "package.json": 0,
};

/** What only these files may do, with the pattern by which it is found. */
const PRIVILEGES: { what: string; pattern: RegExp; files: string[] }[] = [
  {
    what: "starts a process",
    pattern: /Bun\.spawn|Bun\.\$|["'](node:)?child_process["']|["']zx(\/\w+)?["']|\$[^;]*from ["']bun["']/,
    files: ["lib/kit/exec.ts"],
  },
  {
    what: "touches argv, the exit status or signals",
    pattern: /process\.(argv|exit|exitCode|abort|on|once)\b/,
    files: ["lib/kit/cli.ts"],
  },
  {
    what: "writes to stdout",
    pattern: /process\.stdout|Bun\.stdout|writeFully\(1|\bconsole\.\w+\(/,
    // stdio.ts has the one function that writes, and asks for the width.
    files: ["lib/kit/cli.ts", "lib/kit/stdio.ts"],
  },
  {
    what: "writes to stderr",
    pattern: /process\.stderr|Bun\.stderr|writeFully\(2/,
    files: ["lib/kit/stdio.ts", "lib/kit/progress.ts", "lib/kit/prompt.ts", "lib/kit/questions.ts"],
  },
];

interface Source {
  /** Path from the root of the repository. */
  path: string;
  /** The text without comments. */
  code: string;
  text: string;
  imports: string[];
}

const sources = await Promise.all(
  [...new Bun.Glob("{lib,scripts}/**/*.ts").scanSync({ cwd: root })].sort().map(readSource),
);
const manifest = await Bun.file(join(root, "package.json")).json();

async function readSource(path: string): Promise<Source> {
  const text = await Bun.file(join(root, path)).text();
  const code = text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
  const statements = code.matchAll(/^(?:import|export)\b(?:[^"';=]*?\bfrom)?\s*["']([^"'\n]+)["']/gm);
  const calls = code.matchAll(/\bimport\(\s*["']([^"'\n]+)["']\s*\)/g);
  return { path, text, code, imports: [...statements, ...calls].map(([, specifier]) => specifier ?? "") };
}

function folderOf(path: string): string {
  return path.startsWith("lib/") ? path.split("/").slice(0, 2).join("/") : (path.split("/")[0] ?? "");
}

/** The imports of one file that stay in the repository, as paths from its root. */
function localImports({ path, imports }: Source): string[] {
  return imports
    .filter((specifier) => specifier.startsWith("."))
    .map((specifier) => relative(root, resolve(root, dirname(path), specifier)));
}

test("imports are found at all", () => {
  const cli = sources.find(({ path }) => path === "lib/kit/cli.ts");
  expect(cli === undefined ? [] : localImports(cli)).toContain("lib/kit/args.ts");
  expect(sources.flatMap(localImports).length).toBeGreaterThan(sources.length);
});

test("every folder of lib/ has a floor", () => {
  const folders = new Set(sources.map(({ path }) => folderOf(path)));
  expect([...folders].filter((folder) => FLOORS[folder] === undefined)).toEqual([]);
});

test("imports go to a lower floor or stay in their folder", () => {
  const wrong = sources.flatMap((source) =>
    localImports(source)
      .filter((target) => {
        const [from, to] = [folderOf(source.path), folderOf(target)];
        return from !== to && !((FLOORS[to] ?? Number.POSITIVE_INFINITY) < (FLOORS[from] ?? -1));
      })
      .map((target) => `${source.path} imports ${target}`),
  );
  expect(wrong).toEqual([]);
});

test("scripts never import scripts", () => {
  const scripts = sources.filter(({ path }) => path.startsWith("scripts/"));
  expect(scripts.flatMap(localImports).filter((target) => target.startsWith("scripts/"))).toEqual([]);
});

test("imports stay in the repository and name their file", () => {
  const local = sources.flatMap((source) => localImports(source).map((target) => `${source.path} → ${target}`));
  expect(local.filter((line) => line.includes("→ ..") || !/\.(ts|json|html|sh)$/.test(line))).toEqual([]);
});

test("there are no path aliases, and packages are declared dependencies", async () => {
  const tsconfig = await Bun.file(join(root, "tsconfig.json")).json();
  expect(tsconfig.compilerOptions.paths).toBeUndefined();
  expect(manifest.imports).toBeUndefined();
  const declared = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies });
  const foreign = sources.flatMap(({ path, imports }) =>
    imports
      .filter((specifier) => !/^(\.|node:|bun$|bun:)/.test(specifier))
      .filter((specifier) => !declared.some((name) => specifier === name || specifier.startsWith(`${name}/`)))
      .map((specifier) => `${path} imports ${specifier}`),
  );
  expect(foreign).toEqual([]);
});

for (const { what, pattern, files } of PRIVILEGES) {
  test(`only ${files.join(", ")} ${what}`, () => {
    const others = sources.filter(({ path, code }) => pattern.test(code) && !files.includes(path));
    expect(others.map(({ path }) => path)).toEqual([]);
  });
}

test("every script begins with the comment that is its --help", () => {
  const scripts = sources.filter(({ path }) => path.startsWith("scripts/"));
  expect(scripts.filter(({ text }) => !/^(#!.*\n)?\/\*\*/.test(text)).map(({ path }) => path)).toEqual([]);
});

test("the lock file names no registry and every dependency is pinned", async () => {
  expect(await Bun.file(join(root, "bun.lock")).text()).not.toMatch(/https?:\/\//);
  const versions: string[] = Object.values({ ...manifest.dependencies, ...manifest.devDependencies });
  expect(versions.filter((version) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
});
