// What is scanned or pressed next: a browser leaves `autofocus` alone where the page is still being built.
addEventListener("load", () => document.querySelector(".centre [autofocus]")?.focus());
