"use strict";

const ROWS = 100;
const ORDERS = {
  id: ["case", (one) => one.id],
  passed: ["passed", (one) => rate(one)],
  seconds: ["time", (one) => -most(one, "seconds")],
  tokens: ["tokens", (one) => -most(one, "tokens")],
};

const done = (one) => one.trials.filter((trial) => trial.status === "done");
const rate = (one) => done(one).length ? done(one).filter((trial) => trial.passed).length / done(one).length : 2;
const most = (one, name) => Math.max(0, ...one.trials.map((trial) => trial[name] || 0));

const OUTCOMES = {
  failed: ["some trial failed", (one) => done(one).some((trial) => !trial.passed)],
  passed: ["every trial passed", (one) => done(one).length > 0 && done(one).every((trial) => trial.passed)],
  mixed: ["trials differ", (one) => rate(one) > 0 && rate(one) < 1],
  error: ["infrastructure error", (one) => done(one).length < one.trials.length],
};

function chosen(cases, wanted) {
  const words = (wanted.q || "").toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (one) => (!wanted.tag || one.tags.includes(wanted.tag))
    && (!wanted.label || one.trials.some((trial) => trial.labels.includes(wanted.label)))
    && (!(wanted.outcome in OUTCOMES) || OUTCOMES[wanted.outcome][1](one))
    && words.every((word) => searched(one).includes(word));
  const [, key] = ORDERS[wanted.sort] || ORDERS.passed;
  const order = (a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0) || (a.id < b.id ? -1 : 1);
  const found = cases.filter(fits).sort(order);
  return wanted.down ? found.reverse() : found;
}

const texts = new WeakMap();

function searched(one) {
  if (!texts.has(one)) {
    const said = one.trials.flatMap((trial) => [trial.answer, trial.error, ...trial.scores.map((score) => score.reason)]);
    texts.set(one, [one.id, one.input, one.note, ...one.tags, ...said].join("\n").toLowerCase());
  }
  return texts.get(one);
}

function filters(run, runs, wanted) {
  const tags = [...new Set(run.cases.flatMap((one) => one.tags))].sort();
  const labels = Object.keys(run.figures.labels);
  const search = element("input", { type: "search", name: "q", value: wanted.q || "", placeholder: "id, question, answer, reason" });
  search.addEventListener("input", () => change({ q: search.value }));
  return element("form", { class: "filters", role: "search", onsubmit: (event) => event.preventDefault() },
    runs.length > 1 ? picker("version", "run", wanted.run || run.figures.run, runs.map((each) => [each.figures.run, each.figures.run])) : "",
    element("label", {}, "search", search),
    picker("outcome", "outcome", wanted.outcome, [["", "any"], ...Object.entries(OUTCOMES).map(([name, [text]]) => [name, text])]),
    picker("tag", "tag", wanted.tag, [["", "any"], ...tags.map((tag) => [tag, tag])]),
    picker("label", "label", wanted.label, [["", "any"], ...labels.map((label) => [label, label])]));
}

function picker(text, name, value, options) {
  const select = element("select", { name }, options.map(([key, shown]) =>
    element("option", { value: key, selected: key === (value || "") }, shown)));
  select.addEventListener("change", () => change({ [name]: select.value }));
  return element("label", {}, text, select);
}

// Without a new entry in the history, or Back would go through every letter that was typed.
function change(wanted) {
  history.replaceState(null, "", hash(wanted));
  show();
}

function list(run, wanted) {
  const found = chosen(run.cases, wanted);
  const body = element("tbody");
  const more = element("button", { type: "button", class: "quiet" });
  let shown = 0;
  const grow = () => {
    body.append(...found.slice(shown, shown + ROWS).map((one) => row(one)));
    shown = Math.min(shown + ROWS, found.length);
    more.hidden = shown === found.length;
    more.textContent = `Show ${Math.min(ROWS, found.length - shown)} more`;
  };
  more.addEventListener("click", grow);
  grow();
  return [
    element("p", { role: "status", class: "dim" }, `${count(found.length)} of ${count(run.cases.length)} cases`),
    element("div", { class: "scroll" }, element("table", { class: "cases" },
      element("thead", {}, element("tr", {}, ["id", "passed"].map((name) => sorter(name, wanted)),
        element("th", { scope: "col" }, "tags"), element("th", { scope: "col" }, "labels"),
        ["seconds", "tokens"].map((name) => sorter(name, wanted)))), body)),
    found.length ? more : element("p", {}, "No case fits. ", link({ q: null, tag: null, label: null, outcome: null }, "Show all")),
  ];
}

function sorter(name, wanted) {
  const current = (wanted.sort || "passed") === name;
  const direction = wanted.down ? "descending" : "ascending";
  const button = element("button", { type: "button" }, ORDERS[name][0], current ? (wanted.down ? " ↑" : " ↓") : "");
  button.addEventListener("click", () => {
    change({ sort: name, down: current && !wanted.down ? "1" : null });
    document.querySelector(`[data-sort=${name}] button`).focus();
  });
  return element("th", { scope: "col", "data-sort": name, "aria-sort": current ? direction : null }, button);
}

function row(one) {
  const labels = [...new Set(one.trials.flatMap((trial) => trial.labels))];
  return element("tr", {},
    element("td", {}, link({ case: one.id, trial: null }, one.id, { class: "case" }),
      element("div", { class: "gist" }, one.input || "")),
    element("td", { class: "marks" }, one.trials.map((trial) => mark(one, trial))),
    element("td", { class: "tags" }, one.tags.join(", ")),
    element("td", { class: "tags" }, labels.join(", ")),
    element("td", { class: "number" }, seconds(most(one, "seconds"))),
    element("td", { class: "number" }, count(most(one, "tokens"))));
}

const OUTCOME = (trial) => trial.status !== "done" ? "error" : trial.passed ? "passed" : trial.passed === null ? "open" : "failed";
const SIGN = { passed: "✓", failed: "✗", error: "!", open: "·" };

function mark(one, trial) {
  const outcome = OUTCOME(trial);
  return link({ case: one.id, trial: trial.trial }, SIGN[outcome],
    { class: `mark ${outcome}`, title: outcome, "aria-label": `trial ${trial.trial + 1}: ${outcome}` });
}
