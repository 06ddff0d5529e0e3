// htmx would add a style of its own and evaluate attributes; neither is used here.
htmx.config.includeIndicatorStyles = false;
htmx.config.allowEval = false;
// What is chosen while one types is a box of its own beside the field: it has the field's name, as who hears it needs.
addEventListener("load", () => document.querySelectorAll("select + .select2-container [id$=-container]").forEach((box) => {
  const label = document.querySelector(`label[for="${box.id.slice("select2-".length, -"-container".length)}"]`);
  if (label) box.setAttribute("aria-label", label.innerText.replace("*", "").trim());
}));
