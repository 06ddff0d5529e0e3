// What is scanned next goes into the field: a browser leaves `autofocus` alone where the page is still being built.
addEventListener("load", () => document.querySelector("#scan [autofocus]")?.focus());
