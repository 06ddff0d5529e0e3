/**
 * What must be true of both outputs before anyone sees them: sizes WeChat takes, no host but our own, and nothing of the
 * browser's stand-in for WeChat in what goes to WeChat. Prints each figure; exits 1 at the first that is not met.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "dist", "build");
const [WECHAT, H5] = [join(root, "mp-weixin"), join(root, "h5")];
const MB = 1024 * 1024;
const MAIN_PACKAGE = 1.5 * MB; // WeChat takes 2 MB
const ONE_PACKAGE = 2 * MB;
const ALL_PACKAGES = 20 * MB;
/** Addresses that stand in comments, namespaces and error texts of the framework and are never asked for. */
const NAMED_ONLY = /^https?:\/\/(www\.w3\.org|vuejs\.org|uniapp\.dcloud\.net\.cn)$/;
/** Words of the seam in platform/h5.ts: in the WeChat output none of them may stand. */
const SEAM = ["h5 seam", "seam/", "沙箱", "sandbox", "h5-user"];

function files(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((one) => {
    const path = join(folder, one.name);
    return one.isDirectory() ? files(path) : [path];
  });
}

const failures = [];
function gate(says, ok) {
  console.log(`${ok ? "ok  " : "FAIL"} ${says}`);
  if (!ok) failures.push(says);
}
const shown = (bytes) => `${Math.ceil(bytes / 1024).toLocaleString("en")} kB`;

const wechat = files(WECHAT).map((path) => ({ path: relative(WECHAT, path), size: statSync(path).size }));
const roots = JSON.parse(readFileSync(join(WECHAT, "app.json"), "utf8")).subPackages.map((one) => one.root);
const size = (of) => of.reduce((sum, { size }) => sum + size, 0);
const main = size(wechat.filter(({ path }) => !roots.some((root) => path.startsWith(`${root}/`))));
gate(`WeChat's main package: ${shown(main)} of ${shown(MAIN_PACKAGE)}`, main <= MAIN_PACKAGE);
for (const root of roots) {
  const of = size(wechat.filter(({ path }) => path.startsWith(`${root}/`)));
  gate(`sub-package ${root}: ${shown(of)} of ${shown(ONE_PACKAGE)}`, of <= ONE_PACKAGE);
}
gate(`all packages: ${shown(size(wechat))} of ${shown(ALL_PACKAGES)}`, size(wechat) <= ALL_PACKAGES);

/** A file takes from its own sub-package and from the main one: others may not be on the telephone yet. */
const packageOf = (path) => roots.find((root) => path.startsWith(`${root}/`)) ?? "main";
const reaching = wechat.map(({ path }) => path).filter((path) => /\.(js|json)$/.test(path)).flatMap((path) => {
  const text = readFileSync(join(WECHAT, path), "utf8");
  const taken = path.endsWith(".js")
    ? [...text.matchAll(/require\("(\.[^"]+)"\)/g)].map(([, one]) => one)
    : Object.values(JSON.parse(text).usingComponents ?? {});
  return taken
    .map((one) => (one.startsWith("/") ? one.slice(1) : join(dirname(path), one)))
    .filter((one) => !["main", packageOf(path)].includes(packageOf(one)))
    .map((one) => `${path} takes ${one}`);
});
gate(`WeChat: each package stands alone${reaching.length ? `, but ${reaching.join(", ")}` : ""}`, reaching.length === 0);

for (const [name, folder] of [["WeChat", WECHAT], ["H5", H5]]) {
  const named = new Set();
  for (const path of files(folder).filter((one) => /\.(js|css|wxss|wxml|json|html)$/.test(one))) {
    for (const [host] of readFileSync(path, "utf8").matchAll(/https?:\/\/[a-z0-9][a-z0-9.-]*/gi)) named.add(host);
  }
  const own = process.env.VITE_API ? new URL(process.env.VITE_API).origin : null;
  const foreign = [...named].filter((host) => !NAMED_ONLY.test(host) && host !== own);
  gate(`${name}: no foreign host${foreign.length ? `, but ${foreign.join(", ")}` : ""}`, foreign.length === 0);
}

const texts = wechat.filter(({ path }) => /\.(js|wxml|json)$/.test(path));
for (const word of SEAM) {
  const where = texts.filter(({ path }) => readFileSync(join(WECHAT, path), "utf8").includes(word)).map(({ path }) => path);
  gate(`WeChat: nothing of the seam (“${word}”)${where.length ? `, but in ${where.join(", ")}` : ""}`, where.length === 0);
}
const seamThere = files(H5).some((path) => path.endsWith(".js") && readFileSync(path, "utf8").includes("h5-user"));
gate("H5: the seam is there (else the gate above could not fail)", seamThere);
gate("H5: the first page comes with the program", !files(H5).some((path) => path.includes("pages-home-home")));
process.exit(failures.length ? 1 : 0);
