"use strict";

const data = JSON.parse(document.getElementById("data").textContent);

function show() {
  const wanted = view();
  const run = data.runs.find((each) => each.figures.run === wanted.run) || data.runs[data.runs.length - 1];
  const one = run.cases.find((each) => each.id === wanted.case);
  const [overview, box] = [document.getElementById("overview"), document.getElementById("detail")];
  overview.hidden = Boolean(one);
  box.hidden = !one;
  box.replaceChildren(...(one ? detail(run, one, wanted).flat().filter(Boolean) : []));
  if (!one) results(run, wanted);
}

// The filters stay as they are while somebody types into them.
function results(run, wanted) {
  const section = document.getElementById("cases");
  const built = `${run.figures.run}`;
  if (section.dataset.run !== built || !section.contains(document.activeElement)) {
    section.dataset.run = built;
    section.replaceChildren(element("h2", { id: "cases-title" }, "Cases"), filters(run, data.runs, wanted),
      element("div", { id: "list" }));
  }
  document.getElementById("list").replaceChildren(...list(run, wanted).filter(Boolean));
}

function moved(event) {
  show();
  const [before, after] = [event.oldURL, event.newURL].map((url) => new URLSearchParams(new URL(url).hash.slice(1)));
  if (before.get("case") === after.get("case")) return;
  const target = document.getElementById(after.get("case") ? "detail" : "cases");
  target.focus({ preventScroll: true });
  target.scrollIntoView();
}

document.getElementById("head").append(...head(data.runs).filter(Boolean));
document.getElementById("figures").append(...tables(data.runs).filter(Boolean));
document.querySelector("[data-skip]").addEventListener("click", (event) => {
  event.preventDefault();
  document.getElementById(view().case ? "detail" : "cases").focus();
});
addEventListener("hashchange", moved);
show();
