"use strict";
// Every text of an answer is set as text, never as markup.

const MEANING = {
  answered: "nothing speaks against this answer",
  repaired: "the database refused the first statement and accepted this one",
  remembered: "somebody confirmed this answer before",
  unrated: "nobody knows how often such answers are right: check it",
  uncertain: "it may be wrong, for these reasons:",
};
const MAX_ROWS = 500;
const part = (id) => document.getElementById(id);
let running = null;

part("form").addEventListener("submit", (event) => {
  event.preventDefault();
  ask(part("question").value);
});
part("question").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    part("form").requestSubmit();
  }
});
part("stop").addEventListener("click", () => running?.abort());

async function ask(question) {
  if (running) return;
  running = new AbortController();
  busy(true);
  part("answer").hidden = part("problem").hidden = true;
  const headers = { "content-type": "application/json" };
  if (part("token").value) headers.authorization = `Bearer ${part("token").value}`;
  const body = JSON.stringify({ question, execute: true, max_rows: MAX_ROWS });
  try {
    const response = await fetch("ask", { method: "POST", headers, body, signal: running.signal });
    const document = await response.json();
    if (response.ok) show(document);
    else {
      if (response.status === 401) part("access").hidden = false;
      problem(response.status === 401 ? "This server asks for its token." : document.error.message);
    }
  } catch (error) {
    problem(error.name === "AbortError" ? "Stopped." : "The server cannot be reached.");
  } finally {
    running = null;
    busy(false);
  }
}

function busy(yes) {
  part("ask").disabled = yes;
  part("stop").hidden = !yes;
  part("asking").textContent = yes ? "The model writes the statement …" : "";
}

function problem(text) {
  part("problem").textContent = text;
  part("problem").hidden = false;
}

function show(answer) {
  part("status").textContent = answer.status;
  part("status").dataset.sure = answer.status === "uncertain" ? "no" : answer.status === "unrated" ? "" : "yes";
  part("meaning").textContent = MEANING[answer.status] ?? "";
  part("remarks").replaceChildren(...[...answer.doubts, ...answer.warnings].map((text) => element("li", text)));
  part("sql").textContent = answer.sql;
  part("rows").replaceChildren();
  if (answer.rows) {
    const more = answer.truncated ? ", and there are more" : "";
    part("count").textContent = `${answer.rows.length} ${answer.rows.length === 1 ? "row" : "rows"}${more}`;
    rows(answer.columns, answer.rows);
  } else part("count").textContent = "The statement was not run.";
  part("answer").hidden = false;
}

function rows(columns, values) {
  const head = document.createElement("thead");
  head.append(row(columns.map((name) => element("th", name))));
  const body = document.createElement("tbody");
  body.append(...values.map((cells) => row(cells.map(cell))));
  part("rows").replaceChildren(head, body);
}

function row(cells) {
  const line = document.createElement("tr");
  line.append(...cells);
  return line;
}

function cell(value) {
  const text = value === null ? "NULL" : typeof value === "object" ? JSON.stringify(value) : String(value);
  const made = element("td", text);
  if (value === null) made.className = "null";
  if (typeof value === "number") made.className = "number";
  return made;
}

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}
