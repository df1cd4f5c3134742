"use strict";
const said = document.body.dataset;
for (const table of document.querySelectorAll("table")) {
  const body = table.tBodies[0], rows = [...body.rows];
  if (rows.length < 6) continue;
  [...table.tHead.rows[0].cells].forEach((head, k) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "descending" || (!head.hasAttribute("aria-sort") && !head.classList.contains("n"));
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "ascending" : "descending");
      const of = (row) => row.cells[k].dataset.n;
      const order = (a, b) => (of(a) !== undefined || of(b) !== undefined)
        ? (of(a) === undefined ? -1e99 : +of(a)) - (of(b) === undefined ? -1e99 : +of(b))
        : row_text(a, k).localeCompare(row_text(b, k), document.documentElement.lang);
      body.append(...[...rows].sort((a, b) => (down ? 1 : -1) * order(a, b)));
    });
  });
  if (rows.length < 12) continue;
  const find = document.createElement("div"), label = document.createElement("label"), input = document.createElement("input");
  const count = document.createElement("span");
  find.className = "find";
  input.type = "search";
  count.setAttribute("role", "status");
  label.append(said.filter + " ", input);
  find.append(label, count);
  table.parentElement.before(find);
  input.addEventListener("input", () => {
    const wanted = input.value.toLowerCase();
    let seen = 0;
    for (const row of rows) seen += !(row.hidden = !row.textContent.toLowerCase().includes(wanted));
    count.textContent = wanted ? `${seen}/${rows.length}` : "";
  });
}
function row_text(row, k) { return row.cells[k].textContent.trim(); }
for (const drawing of document.querySelectorAll("svg.followed")) {
  const nodes = [...drawing.querySelectorAll(".node")], ways = [...drawing.querySelectorAll(".way")];
  const told = document.getElementById(drawing.dataset.told);
  const choose = (node) => {
    const on = node && node.getAttribute("aria-pressed") === "false";
    for (const one of nodes) one.setAttribute("aria-pressed", String(on && one === node));
    drawing.classList.toggle("chosen", Boolean(on));
    const mine = ways.filter((way) => on && [way.dataset.from, way.dataset.to].includes(node.dataset.node));
    for (const way of ways) way.classList.toggle("on", mine.includes(way));
    told.replaceChildren(...(on ? [node.getAttribute("aria-label"), ...mine.map((way) => way.querySelector("title").textContent)] : []).map((text) => {
      const line = document.createElement("li");
      line.textContent = text;
      return line;
    }));
  };
  for (const node of nodes) {
    node.addEventListener("click", () => choose(node));
    node.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(node); }
      if (event.key === "Escape") choose(null);
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step) { event.preventDefault(); nodes[(nodes.indexOf(node) + step + nodes.length) % nodes.length].focus(); }
    });
  }
}
