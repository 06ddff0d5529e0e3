/** One source, two outputs: what differs between WeChat and a browser stands behind `#platform` alone. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import uniPlugin from "@dcloudio/vite-plugin-uni";
import { defineConfig, type Plugin } from "vite";

// The package is CommonJS: imported from here, its default is one step further in.
const uni = (uniPlugin as unknown as { default?: typeof uniPlugin }).default ?? uniPlugin;
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const platform = process.env.UNI_PLATFORM === "h5" ? "h5" : "wx";

/** The component library's letters come from a foreign host; they lie in its package as well. */
function ownLetters(): Plugin {
  const library = here("node_modules/wot-design-uni/components");
  const file = `${library}/wd-icon/wd-icons.ttf`;
  // WeChat takes a font by name from nowhere but the net; a browser need not read it before it reads the styles.
  const font = platform === "h5" ? file : `data:font/ttf;base64,${readFileSync(file).toString("base64")}`;
  return {
    name: "own-letters",
    enforce: "pre",
    transform(code, id) {
      if (!id.includes("wd-icon.vue") || !code.includes("./index.scss")) return null;
      const styles = readFileSync(`${library}/wd-icon/index.scss`, "utf8")
        .replace(/\/\*\s*#ifdef.*?#endif\s*\*\//s, "")
        .replace(/src:\s*url\('https[^;]*;/s, `src: url("${font}") format("truetype");`)
        .replaceAll("../common/", `${library}/common/`);
      return code.replace("@import './index.scss';", styles);
    },
  };
}

/** The framework's own hosts (shadows of a bar we do not use, advertisements) are asked for by nobody. */
function noForeignHosts(): Plugin {
  const host = /https?:\/\/(?:cdn|hac1|has1)\.dcloud\.net\.cn/g;
  const shadow = /https?:\/\/cdn\.dcloud\.net\.cn\/img\/[\w-]+\.png/g; // without its host it would be asked of us
  const own = (text: string) => text.replace(shadow, "data:,").replace(host, "");
  return {
    name: "no-foreign-hosts",
    enforce: "post",
    generateBundle(_, bundle) {
      for (const file of Object.values(bundle)) {
        if (file.type === "chunk") file.code = own(file.code);
        else if (typeof file.source === "string") file.source = own(file.source);
      }
    },
  };
}

/** Letters grow as the user has set them in WeChat: every size of a letter is multiplied by what <Screen> sets. */
function largeType(): Plugin {
  const size = /font-size:\s*([\d.]+(?:rpx|rem|px))/g;
  return {
    name: "large-type",
    enforce: "post",
    generateBundle(_, bundle) {
      for (const file of Object.values(bundle)) {
        if (file.type !== "asset" || typeof file.source !== "string" || !/\.(css|wxss)$/.test(file.fileName)) continue;
        file.source = file.source.replace(size, "font-size:calc($1*var(--type,1))");
      }
    },
  };
}

/** That the first page is in the browser's program (src/platform/h5.begin.ts) is meant. */
function meant(): Plugin {
  return {
    name: "meant",
    configResolved({ logger }) {
      const warn = logger.warn.bind(logger);
      logger.warn = (said, options) => void (said.includes("home.vue is dynamically imported") || warn(said, options));
    },
  };
}

export default defineConfig({
  plugins: [ownLetters(), uni(), noForeignHosts(), largeType(), meant()],
  base: "./",
  resolve: {
    alias: {
      "#platform": here(`src/platform/${platform}.ts`),
      "#begin": here(`src/platform/${platform}.begin.ts`),
      "@": here("src"),
    },
  },
  css: { preprocessorOptions: { scss: { quietDeps: true, logger: { warn: () => undefined } } } },
  define: { __VERSION__: JSON.stringify(JSON.parse(readFileSync(here("package.json"), "utf8")).version) },
});
