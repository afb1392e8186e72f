// Builds the front end: `npm ci --ignore-scripts && node tools/assets.mjs` writes build/assets (served as static
// files) and build/icons.json (read by the `icon` tag). Nothing is fetched; everything comes from node_modules.
//
//   assets/css/NAME.css   → NAME.css: bundled, and cut down to what the templates and scripts use
//   assets/js/NAME.js     → NAME.js: an ES module; what it imports lazily becomes a chunk of its own
//   assets/images/*       → as they are
//
// Files that begin with `_` are parts of others. A class must stand whole to be kept, in a template, a script, or as a
// hyphenated string in Python: write `text-danger`, never `text-{{ tone }}`.

import { build } from "esbuild";
import { chmod, cp, mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { PurgeCSS } from "purgecss";
import subsetFont from "subset-font";

process.chdir(path.resolve(path.dirname(fileURLToPath(import.meta.url)), ".."));

const OUT = "build/assets";
await mkdir("build", { recursive: true });
const FRESH = await mkdtemp("build/assets-"); // takes the place of OUT when it is whole
await chmod(FRESH, 0o755);
const FONT = "node_modules/@fontsource/be-vietnam-pro";
const WEIGHTS = [400, 600];
const BROWSERS = ["chrome87", "firefox85", "safari14"]; // what cheap phones of the last five years run

/** Files under *folder*, at any depth, whose name ends with *ending*. */
async function filesUnder(folder, ending) {
  const found = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return found
    .filter((it) => it.isFile() && it.name.endsWith(ending))
    .map((it) => path.join(it.parentPath ?? it.path, it.name))
    .sort();
}

const entries = async (folder, ending) =>
  (await filesUnder(folder, ending)).filter((it) => !path.basename(it).startsWith("_"));

/** Every template by its name for Django, with what it extends and includes. */
async function templates() {
  const found = new Map();
  for (const file of await filesUnder("src/tinhso", ".html")) {
    const name = file.split("/templates/")[1];
    const text = await readFile(file, "utf8");
    const uses = [...text.matchAll(/{%\s*(?:extends|include)\s+"([^"]+)"/g)].map((it) => it[1]);
    found.set(name, { file, text, uses, base: /{%\s*extends\s+"([^"]+)"/.exec(text)?.[1] });
  }
  return found;
}

/** The templates whose pages load *sheet*: those that stand on its base, and all that they use. */
function pagesOf(sheet, all) {
  const standsOn = (name, base) =>
    Boolean(name) && (name === base || standsOn(all.get(name)?.base, base) || /^(allauth|account|mfa)\//.test(name));
  const wanted = new Set();
  const take = (name) => {
    if (!all.has(name) || wanted.has(name)) return;
    wanted.add(name);
    all.get(name).uses.forEach(take);
  };
  for (const name of all.keys()) {
    if (sheet !== "public" || standsOn(name, "public.html") || /^\d+\.html$/.test(name)) take(name);
  }
  return [...wanted].map((name) => all.get(name));
}

async function styles() {
  const all = await templates();
  const scripts = [];
  for (const file of await filesUnder("assets/js", ".js")) scripts.push(await readFile(file, "utf8"));
  for (const file of await filesUnder("src/tinhso", ".py")) {
    scripts.push(((await readFile(file, "utf8")).match(/"[a-z]+(-[a-z0-9]+)+"/g) ?? []).join(" "));
  }
  for (const entry of await entries("assets/css", ".css")) {
    const name = path.basename(entry, ".css");
    const bundled = await build({
      entryPoints: [entry],
      bundle: true,
      write: false,
      target: BROWSERS,
      external: ["./fonts/*", "./images/*"],
    });
    const content = [...pagesOf(name, all).map((it) => it.text), ...scripts].map((raw) => ({ raw, extension: "html" }));
    const purged = await new PurgeCSS().purge({
      content,
      css: [{ raw: bundled.outputFiles[0].text }],
      defaultExtractor: (text) => text.match(/[A-Za-z0-9_-]+/g) ?? [],
      variables: true,
      keyframes: true,
      // What libraries make in the browser, and attributes that only a browser sets.
      safelist: { standard: ["open", "hidden"], greedy: name === "public" ? [/htmx-/] : [/htmx-/, /maplibregl/] },
    });
    const small = await build({
      stdin: { contents: purged[0].css, loader: "css", resolveDir: "." },
      minify: true,
      write: false,
      target: BROWSERS,
      external: ["./fonts/*", "./images/*"],
      bundle: true,
      legalComments: "none",
    });
    await writeFile(`${FRESH}/${name}.css`, small.outputFiles[0].contents);
  }
}

async function scripts() {
  await build({
    entryPoints: await entries("assets/js", ".js"),
    outdir: FRESH,
    bundle: true,
    format: "esm",
    splitting: true,
    minify: true,
    target: "es2020",
    logLevel: "warning",
    logLimit: 5,
    chunkNames: "chunks/[name]-[hash]",
    legalComments: "linked",
  });
  // MapLibre looks for its worker beside the chunk that it ended up in.
  await mkdir(`${FRESH}/chunks`, { recursive: true });
  await cp("node_modules/maplibre-gl/dist/maplibre-gl-worker.mjs", `${FRESH}/chunks/maplibre-gl-worker.mjs`);
}

/** Signs that Vietnamese and English pages use; hinting, which phones ignore, is half of a file's size. */
async function fonts() {
  await mkdir(`${FRESH}/fonts`, { recursive: true });
  const range = (first, last) => Array.from({ length: last - first + 1 }, (_, i) => String.fromCodePoint(first + i));
  const signs = [
    ...range(0x20, 0x7e), ...range(0xa0, 0xff), ...range(0x1ea0, 0x1ef9),
    ..."ĂăĐđĨĩŨũƠơƯư₫–—…·“”‘’•→←×°″′",
  ].join("");
  for (const weight of WEIGHTS) {
    for (const part of ["latin", "vietnamese"]) {
      const whole = await readFile(`${FONT}/files/be-vietnam-pro-${part}-${weight}-normal.woff2`);
      const options = { targetFormat: "woff2", noHinting: true, noLayoutClosure: true, keepFeatures: ["kern", "tnum"] };
      await writeFile(`${FRESH}/fonts/be-vietnam-pro-${part}-${weight}.woff2`, await subsetFont(whole, signs, options));
    }
  }
  await cp(`${FONT}/LICENSE`, `${FRESH}/fonts/LICENSE.txt`);
}

/** The inside of every outline icon, by name. */
async function icons() {
  const nodes = JSON.parse(await readFile("node_modules/@tabler/icons/tabler-nodes-outline.json", "utf8"));
  const shape = ([tag, attributes]) =>
    `<${tag} ${Object.entries(attributes).map(([key, value]) => `${key}="${value}"`).join(" ")}/>`;
  const shapes = Object.fromEntries(Object.entries(nodes).map(([name, parts]) => [name, parts.map(shape).join("")]));
  await writeFile("build/icons.json", JSON.stringify(shapes));
}

try {
  await Promise.all([styles(), scripts(), fonts(), icons(), cp("assets/images", FRESH, { recursive: true })]);
} catch (error) {
  await rm(FRESH, { recursive: true, force: true });
  throw error;
}
await rm(OUT, { recursive: true, force: true });
await rename(FRESH, OUT);

for (const file of await filesUnder(OUT, "")) {
  if (/\.(css|js|mjs|woff2)$/.test(file)) {
    const data = await readFile(file);
    const sent = file.endsWith(".woff2") ? data.length : gzipSync(data, { level: 9 }).length;
    console.log(`${path.relative(OUT, file).padEnd(48)} ${(sent / 1000).toFixed(1).padStart(7)} kB sent`);
  }
}
