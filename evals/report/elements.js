"use strict";

// Every text of a trace goes through here, as text: nothing is ever parsed as HTML.
function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  return filled(made, attributes, children);
}

function drawn(tag, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  return filled(made, attributes, children);
}

function filled(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

const SHOWN_CHARS = 1200;

// A long value is cut, since thousands of lines push away what is being looked for.
function long(text, kind) {
  const block = element("pre", { class: kind || "", tabindex: 0 }, text.slice(0, SHOWN_CHARS));
  if (text.length <= SHOWN_CHARS) return block;
  const more = element("button", { type: "button", class: "quiet" }, `Show all ${count(text.length)} characters`);
  more.addEventListener("click", () => {
    block.textContent = text;
    more.remove();
  });
  return element("div", {}, block, more);
}

const count = (value) => value.toLocaleString("en-US");
const percent = (value) => `${(100 * value).toFixed(1)} %`;
const short = (digest) => String(digest).replace(/^sha256:/, "").slice(0, 8);

function seconds(value) {
  if (value === null || value === undefined) return "–";
  return value < 1 ? `${Math.round(value * 1000)} ms` : `${value.toFixed(value < 10 ? 2 : 1)} s`;
}

function money(value) {
  if (value === null || value === undefined) return "unknown";
  return value === 0 ? "$0" : `$${value.toFixed(value < 1 ? 4 : 2)}`;
}

function link(change, text, attributes) {
  return element("a", { href: hash(change), ...attributes }, text);
}

// What is shown stands in the address after #, so that a view can be linked to and Back works.
function view() {
  return Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
}

function hash(change) {
  const given = Object.entries({ ...view(), ...change }).filter(([, value]) => value !== null && value !== "");
  return `#${new URLSearchParams(given)}`;
}
