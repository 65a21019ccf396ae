"use strict";

const data = JSON.parse(document.getElementById("data").textContent);

function show() {
  const wanted = view();
  const run = data.runs.find((each) => each.figures.run === wanted.run) || data.runs[data.runs.length - 1];
  const one = run.cases.find((each) => each.id === wanted.case);
  const [overview, box] = [document.getElementById("overview"), document.getElementById("detail")];
  document.getElementById("head").replaceChildren(...head(data.runs, run).filter(Boolean));
  overview.hidden = Boolean(one);
  box.hidden = !one;
  box.replaceChildren(...(one ? detail(run, one, wanted).flat().filter(Boolean) : []));
  if (!one) results(run, wanted);
}

// The filters stay as they are while somebody types into them.
function results(run, wanted) {
  const section = document.getElementById("cases");
  const held = section.querySelector(".filters")?.contains(document.activeElement) ? document.activeElement.name : null;
  if (held === null || section.dataset.run !== run.figures.run) {
    section.dataset.run = run.figures.run;
    section.replaceChildren(element("h2", { id: "cases-title" }, "Cases"), filters(run, data.runs, wanted),
      element("div", { id: "list" }));
    if (held) section.querySelector(`[name=${held}]`).focus();
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

const newest = data.runs[data.runs.length - 1].figures;
document.title = `${newest.suite} · ${newest.run}`;
document.getElementById("figures").append(...tables(data.runs).filter(Boolean));
document.querySelector("[data-skip]").addEventListener("click", (event) => {
  event.preventDefault();
  document.getElementById(view().case ? "detail" : "cases").focus();
});
addEventListener("hashchange", moved);
show();
