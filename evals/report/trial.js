"use strict";

function detail(run, one, wanted) {
  const number = Number(wanted.trial || (one.trials.find((trial) => OUTCOME(trial) !== "passed") || one.trials[0]).trial);
  const trial = one.trials.find((each) => each.trial === number) || one.trials[0];
  return [
    element("p", {}, link({ case: null, trial: null }, "← all cases")),
    element("h2", {}, one.id, element("span", { class: "dim" }, ` ${run.figures.run}`)),
    element("p", { class: "dim" }, one.tags.join(", ")),
    one.input ? long(one.input, "wrapped") : "",
    one.note ? element("p", {}, one.note) : "",
    element("nav", { class: "trials", "aria-label": "Trials" }, one.trials.map((each) => {
      const outcome = OUTCOME(each);
      return link({ trial: each.trial }, `trial ${each.trial + 1} ${SIGN[outcome]}`,
        { class: `trial ${outcome}`, "aria-current": each === trial ? "true" : null });
    })),
    outcome(trial), scores(trial), calls(trial), waterfall(trial),
  ];
}

function outcome(trial) {
  const spent = `${seconds(trial.seconds)}, ${count(trial.tokens)} tokens, ${trial.cost === null ? "cost unknown" : money(trial.cost)}`;
  return element("div", {},
    element("p", {}, element("strong", { class: OUTCOME(trial) }, OUTCOME(trial) === "error" ? "infrastructure error" : OUTCOME(trial)),
      ` ${trial.labels.join(", ")} `, element("span", { class: "dim" }, spent)),
    trial.error ? long(trial.error, "failed wrapped") : "",
    trial.answer ? [element("h3", {}, "Answer"), long(trial.answer, "wrapped")] : "");
}

function scores(trial) {
  if (!trial.scores.length) return "";
  const said = (score) => score.passed === null ? "" : `${score.passed ? "✓ passed" : "✗ failed"}${score.gates ? "" : ", advisory"}`;
  return element("div", { class: "table" }, element("h3", {}, "Scores"), element("div", { class: "scroll" }, element("table", {},
    element("thead", {}, element("tr", {}, ["score", "value", "demand", "why"].map((name) => element("th", { scope: "col" }, name)))),
    element("tbody", {}, trial.scores.map((score) => element("tr", {},
      element("th", { scope: "row" }, score.name),
      element("td", { class: "number" }, score.value === null ? "undefined" : String(Number(score.value.toFixed(4)))),
      element("td", { class: score.passed === null ? "" : score.passed ? "passed" : "failed" }, said(score)),
      element("td", { class: "wrapped" }, score.reason)))))));
}

const GOOD = { matched: "passed", allowed_extra: "open" };

function calls(trial) {
  if (!trial.diff.length) return "";
  return element("div", { class: "table" }, element("h3", {}, "Tool calls"), element("div", { class: "scroll" },
    element("table", { class: "diff" },
      element("thead", {}, element("tr", {}, ["verdict", "expected", "actual"].map((name) => element("th", { scope: "col" }, name)))),
      element("tbody", {}, trial.diff.map((pair) => element("tr", { class: GOOD[pair.verdict] || "failed" },
        element("th", { scope: "row" }, String(pair.verdict).replace("_", " ")),
        element("td", {}, called(pair.expected)),
        element("td", {}, called(pair.actual), pair.why ? element("p", { class: "why" }, pair.why) : "")))))));
}

function called(call) {
  return call ? [element("strong", {}, call.tool), call.args ? long(call.args, "wrapped") : ""] : ["–"];
}

function waterfall(trial) {
  const title = element("h3", {}, "Trace ", element("span", { class: "dim" }, trial.trace_id || ""));
  if (trial.trace === null) {
    const why = trial.trace_id ? "This page holds no trace of this trial. Make it with --traces all." : "This trial left no trace.";
    return element("div", {}, title, element("p", { class: "dim" }, why));
  }
  const body = element("div", { class: "waterfall", "aria-busy": "true" });
  unpacked(trial.trace).then((bars) => {
    const whole = Math.max(0.001, ...bars.map((bar) => bar.start + bar.took));
    body.replaceChildren(legend(bars), ...bars.map((bar) => span(bar, whole)));
    body.removeAttribute("aria-busy");
  }).catch((error) => {
    body.replaceChildren(`The trace cannot be unpacked: ${error.message}. Open this page in a newer browser.`);
  });
  return element("div", {}, title, body);
}

let packs = null;

async function unpacked(at) {
  packs ||= document.getElementById("packs").textContent.split("\n");
  const bytes = Uint8Array.from(atob(packs[at]), (char) => char.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).json();
}

const TYPES = ["chain", "llm", "tool", "retriever"];
const type = (bar) => TYPES.includes(bar.type) ? bar.type : "other";

function legend(bars) {
  return element("p", { class: "legend" }, [...new Set(bars.map(type))].map((name) =>
    element("span", {}, element("i", { class: `bar ${name}` }), name)));
}

function span(bar, whole) {
  const strip = element("i", { class: `bar ${type(bar)} ${bar.status}` });
  strip.style.left = `${100 * bar.start / whole}%`;
  strip.style.width = `${100 * bar.took / whole}%`;
  const failed = bar.status === "error" ? element("b", { class: "failed" }, " ✗ error") : bar.status === "ok" ? "" : ` (${bar.status})`;
  const name = element("span", { class: "name" }, bar.name, failed);
  name.style.paddingInlineStart = `${Math.min(bar.depth, 12) * 0.8}rem`;
  const box = element("details", {}, element("summary", {}, name, element("span", { class: "track" }, strip),
    element("span", { class: "number" }, seconds(bar.took / 1000))));
  box.addEventListener("toggle", () => {
    if (box.open && box.childElementCount === 1) box.append(...values(bar));
  });
  return box;
}

function values(bar) {
  const named = (name, text, kind) => text === null || text === undefined ? "" : element("div", {}, element("h4", {}, name), long(text, kind));
  const usage = bar.usage ? JSON.stringify(bar.usage) : null;
  return [element("div", { class: "values" }, element("p", { class: "dim" }, `${bar.type}, ${bar.status}`),
    named("error", bar.error, "failed"), named("inputs", bar.inputs), named("outputs", bar.outputs), named("usage", usage))];
}
