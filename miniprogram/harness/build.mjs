/**
 * Makes of dist/build/mp-weixin one page for a browser, dist/harness/index.html: templates compiled, styles scoped as
 * WeChat scopes them, modules bundled with the machine they run on (main.mjs). What a page uses and the harness has not
 * fails here, by name.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, posix, relative } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import compiler from "glass-easel-template-compiler";
import { ELEMENTS } from "./elements.mjs";
import { css } from "./style.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..");
const from = join(root, "dist", "build", "mp-weixin");
const to = join(root, "dist", "harness");
const BUILT_IN = new Set([...Object.keys(ELEMENTS), "block", "slot", "template", "import", "include", "wxs"]);

function files(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((one) => {
    const path = join(folder, one.name);
    return one.isDirectory() ? files(path) : [relative(from, path)];
  });
}

if (!existsSync(join(from, "app.json"))) {
  console.error("dist/build/mp-weixin is not there: npm run build:wechat first");
  process.exit(1);
}
const all = files(from);
const read = (path) => readFileSync(join(from, path), "utf8");
const faults = [];

const app = JSON.parse(read("app.json"));
const pages = [...app.pages, ...(app.subPackages ?? []).flatMap((one) => one.pages.map((page) => `${one.root}/${page}`))];
const configs = {};
const group = new compiler.TmplGroup();
for (const path of all.filter((one) => one.endsWith(".wxml"))) {
  const name = path.slice(0, -".wxml".length);
  const text = read(path);
  for (const fault of group.addTmpl(name, text)) {
    if (fault.isError) faults.push(`${path}:${fault.startLine + 1}:${fault.startColumn}: ${fault.message}`);
  }
  const config = existsSync(join(from, `${name}.json`)) ? JSON.parse(read(`${name}.json`)) : {};
  config.usingComponents = { ...app.usingComponents, ...config.usingComponents };
  configs[name] = config;
  for (const [tag, where] of Object.entries(config.usingComponents)) {
    const target = where.startsWith("/") ? where.slice(1) : posix.join(posix.dirname(name), where);
    if (!all.includes(`${target}.wxml`)) faults.push(`${path}: <${tag}> is at ${target}, where nothing is`);
  }
  for (const [, tag] of text.matchAll(/<([a-z][a-z0-9-]*)/g)) {
    if (!BUILT_IN.has(tag) && !(tag in config.usingComponents)) faults.push(`${path}: <${tag}> is no element of the harness`);
  }
}
for (const page of pages) if (!(page in configs)) faults.push(`${page} is in app.json and was not built`);

const styles = all.filter((one) => one.endsWith(".wxss"));
const scripts = all.filter((one) => one.endsWith(".js"));
/** What the scripts ask of `uni` and `wx`, so that the page can say at once what the machine has not. */
const asked = new Set(scripts.filter((one) => one !== "common/vendor.js").flatMap((one) =>
  [...read(one).matchAll(/\b(?:\w\.index|wx)\.([a-z]\w+)\(/gi)].map(([, name]) => name)));

const PARAMETERS = "require,module,exports,wx,App,Page,Component,Behavior,getApp,getCurrentPages,global";
const made = `
export const app = ${JSON.stringify(app)};
export const pages = ${JSON.stringify(pages)};
export const configs = ${JSON.stringify(configs)};
export const asked = ${JSON.stringify([...asked])};
export const assets = new Set(${JSON.stringify(all.filter((one) => !/\.(js|json|wxml|wxss)$/.test(one)))});
export const templates = ${group.getTmplGenObjectGroups()};
export const styles = ${JSON.stringify(Object.fromEntries(styles.map((one) => [one, css(one, read)])))};
export const modules = {${scripts.map((one) => `${JSON.stringify(one)}: function(${PARAMETERS}) {${read(one)}\n}`).join(",\n")}};
`;

if (faults.length) {
  for (const fault of faults) console.error(fault);
  process.exit(1);
}
rmSync(to, { recursive: true, force: true });
mkdirSync(to, { recursive: true });
await esbuild.build({
  entryPoints: [join(here, "main.mjs")],
  outfile: join(to, "harness.js"),
  bundle: true,
  format: "iife",
  target: "chrome100",
  define: { "process.env.NODE_ENV": '"production"' },
  logLevel: "warning",
  logOverride: { "assign-to-constant": "error" },
  plugins: [
    {
      name: "built",
      setup(build) {
        build.onResolve({ filter: /^built$/ }, () => ({ path: "built", namespace: "built" }));
        build.onLoad({ filter: /.*/, namespace: "built" }, () => ({ contents: made, loader: "js" }));
      },
    },
  ],
});
cpSync(join(here, "index.html"), join(to, "index.html"));
writeFileSync(join(to, "harness.css"), readFileSync(join(here, "harness.css")));
for (const asset of all.filter((one) => /^static\//.test(one))) cpSync(join(from, asset), join(to, asset));
console.log(`ok   harness: ${pages.length} pages, ${Object.keys(configs).length - pages.length} components`);
