"use strict";

function head(runs, shown) {
  const last = shown.figures;
  const rate = last.pass_rate;
  const facts = [
    ["suite", last.suite], ["model", last.model || "not said"], ["graph", last.graph],
    ["dataset", short(last.dataset)], ["stamp", short(last.stamp)], ["started", last.started.replace("T", " ")],
    ["cases × trials", `${count(last.cases)} × ${last.trials_per_case}`],
  ];
  return [
    element("h1", {}, last.suite, element("span", { class: "dim" }, ` ${last.run}`)),
    element("p", { class: "headline" },
      element("strong", {}, rate ? percent(rate.value) : "–"),
      ` ${count(last.passed)} of ${count(last.trials - last.infrastructure_errors)} trials passed`,
      rate && rate.low !== null ? element("span", { class: "dim" },
        `, 95 % interval ${percent(rate.low)} to ${percent(rate.high)}, ${count(rate.cases)} cases`) : ""),
    control(last),
    last.infrastructure_errors ? element("p", { class: "warning" },
      `Trials that ended by an error of the infrastructure, counted nowhere else: ${count(last.infrastructure_errors)}.`) : "",
    new Set(runs.map((run) => run.figures.dataset)).size > 1 ? element("p", { class: "warning" },
      "These runs have different datasets: their figures are not of the same cases.") : "",
    element("dl", { class: "facts" }, facts.map(([name, value]) =>
      element("div", {}, element("dt", {}, name), element("dd", {}, value)))),
  ];
}

// A score says little on a suite where doing nothing scores as high.
function control(last) {
  const share = last.controls.null_passed;
  return element("p", { class: "dim" }, share === null || share === undefined
    ? "What an agent that does nothing would pass was not measured."
    : `An agent that does nothing passes ${percent(share)} of the cases.`);
}

function controls(figures) {
  const said = figures.map((each) => each.controls)
    .filter((each) => each.null !== null && each.null !== undefined)
    .map((each) => `doing nothing ${percent(each.null)}, doing what is expected ${percent(each.gold)}`);
  return element("span", { class: "interval" }, said.length ? said[said.length - 1] : "its controls were not run");
}

function tables(runs) {
  const figures = runs.map((run) => run.figures);
  const all = (pick) => [...new Set(figures.flatMap((each) => Object.keys(pick(each))))];
  const labels = all((each) => each.labels);
  const tags = all((each) => each.tags);
  return [
    runs.length > 1 ? trend(figures) : "",
    element("div", { class: "tables" },
      matrix("Scores", "score", figures, all((each) => each.scores).map((name) => [
        scored(figures, name), figures.map((each) => estimate((each.scores[name] || {}).mean, each.scores[name]))])),
      matrix("pass^k", "k", figures, all((each) => each.pass_hat).map((k) =>
        [`pass^${k}`, figures.map((each) => hat(each.pass_hat[k]))]),
        "The chance that k trials of one case all pass."),
      tags.length ? matrix("By tag", "tag", figures, tags.map((tag) => [
        link({ tag, case: null }, tag), figures.map((each) => estimate(each.tags[tag]))]), "Share of trials that passed.") : "",
      labels.length ? matrix("Why trials failed", "label", figures, labels.map((label) => [
        link({ label, case: null }, label), figures.map((each) => count(each.labels[label] || 0))]),
        "A trial can have several labels.") : "",
      matrix("Cost", "", figures, spent(figures))),
  ];
}

function hat(found) {
  if (!found || found.mean === null) return "–";
  const left = found.undefined ? element("span", { class: "interval" }, `${count(found.undefined)} cases have too few trials`) : "";
  return [percent(found.mean), left];
}

function scored(figures, name) {
  const advisory = figures.some((each) => (each.scores[name] || {}).demanded && !each.scores[name].gates);
  const judge = figures.map((each) => (each.scores[name] || {}).judge).findLast(Boolean);
  const said = judge ? element("span", { class: "trust" }, judge.trust) : "";
  return [name, advisory ? element("span", { class: "dim" }, " advisory") : "", said, name === "goal_completion" ? controls(figures) : ""];
}

function estimate(mean, score) {
  if (!mean) return element("span", { class: "dim" }, "–");
  const interval = mean.low === null ? "too few cases" : `${mean.low.toFixed(3)} – ${mean.high.toFixed(3)}`;
  const demanded = score && score.demanded ? `, ${count(score.passed)} of ${count(score.demanded)} passed` : "";
  const judge = score && score.judge ? element("span", { class: "interval" }, corrected(score.judge)) : "";
  return [mean.value.toFixed(3), element("span", { class: "interval" }, `${interval}${demanded}`), judge];
}

function corrected({ corrected: found, undefined: without }) {
  const rate = found && found.value !== null
    ? `corrected for the judge's errors: ${found.value.toFixed(3)}, ${found.low.toFixed(3)} – ${found.high.toFixed(3)}`
    : "not corrected: the judge's errors are not known";
  return without ? `${rate}; ${count(without)} without a verdict` : rate;
}

function spent(figures) {
  const rows = [
    ["cost", (all) => all.cost_usd === null ? `unknown for ${count(all.cost_unknown)} trials` : money(all.cost_usd)],
    ["cost a trial, p50 / p95", (all) => `${money(all.cost_p50)} / ${money(all.cost_p95)}`],
    ["tokens in / out", (all) => `${count(all.input_tokens)} / ${count(all.output_tokens)}`],
    ["tokens a trial, p50 / p95", (all) => all.tokens_p50 === null ? "–" : `${count(Math.round(all.tokens_p50))} / ${count(Math.round(all.tokens_p95))}`],
    ["model calls", (all) => count(all.model_calls)],
    ["latency, p50 / p95", (all) => `${seconds(all.seconds_p50)} / ${seconds(all.seconds_p95)}`],
  ];
  return rows.map(([name, show]) => [name, figures.map((each) => show(each.spent))]);
}

function matrix(title, first, figures, rows, note) {
  const columns = figures.map((each) => element("th", { scope: "col" }, figures.length > 1 ? each.run : "value"));
  return element("div", { class: "table" }, element("h2", {}, title), note ? element("p", { class: "dim" }, note) : "",
    element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": title }, element("table", {},
      element("thead", {}, element("tr", {}, element("th", { scope: "col" }, first), columns)),
      element("tbody", {}, rows.map(([name, cells]) => element("tr", {},
        element("th", { scope: "row" }, name), cells.map((cell) => element("td", {}, cell))))))));
}

function trend(figures) {
  const [left, right, top, bottom, step] = [44, 96, 26, 56, Math.max(56, Math.min(150, 900 / figures.length))];
  const [width, height] = [left + right + step * figures.length, 260];
  const y = (value) => top + (1 - value) * (height - top - bottom);
  const x = (at) => left + step * (at + 0.5);
  const known = figures.map((each, at) => [each, at]).filter(([each]) => each.pass_rate);
  const idle = figures[figures.length - 1].controls.null_passed;
  const svg = drawn("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img",
    "aria-label": `Share of trials that passed: ${known.map(([each]) => `${each.run} ${percent(each.pass_rate.value)}`).join(", ")}` },
    [0, 0.25, 0.5, 0.75, 1].map((value) => [
      drawn("line", { class: "grid", x1: left, x2: width - right, y1: y(value), y2: y(value) }),
      drawn("text", { x: left - 8, y: y(value) + 4, "text-anchor": "end" }, `${100 * value} %`)]),
    typeof idle === "number" ? [
      drawn("line", { class: "control", x1: left, x2: width - right, y1: y(idle), y2: y(idle) }),
      drawn("text", { x: width - right + 6, y: y(idle) + 4 }, "doing nothing")] : [],
    drawn("polyline", { class: "line", points: known.map(([each, at]) => `${x(at)},${y(each.pass_rate.value)}`).join(" ") }),
    known.map(([each, at]) => point(each, x(at), y)),
    figures.map((each, at) => drawn("text", { x: x(at), y: height - bottom + 20, "text-anchor": "middle" },
      short(each.stamp), drawn("title", {}, `${each.run}, ${each.model}`),
      drawn("tspan", { x: x(at), dy: 15, class: "faint" }, each.started.slice(0, 10)))),
    drawn("text", { x: left, y: height - 4, class: "faint" }, "stamp and date of each version"));
  return element("div", { class: "table" }, element("h2", {}, "Trials that passed, by version"),
    element("p", { class: "dim" }, "With 95 % intervals, oldest first."),
    element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Trend" }, svg));
}

function point(each, x, y) {
  const { value, low, high } = each.pass_rate;
  return [
    drawn("path", { class: "bar",
      d: `M${x - 5},${y(low)}h10M${x},${y(low)}V${y(high)}M${x - 5},${y(high)}h10` }),
    drawn("circle", { class: "dot", cx: x, cy: y(value), r: 4 },
      drawn("title", {}, `${each.run}: ${percent(value)}`)),
    drawn("text", { class: "value", x, y: y(high) - 6, "text-anchor": "middle" }, percent(value)),
  ];
}
