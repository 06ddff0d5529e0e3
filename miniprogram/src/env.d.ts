/// <reference types="@dcloudio/types" />

/** The version of package.json, put in by the build. */
declare const __VERSION__: string;

declare module "*.vue" {
  import type { DefineComponent } from "vue";
  const component: DefineComponent<object, object, unknown>;
  export default component;
}
