// The page's own script: pan, zoom, search, and from a table to its neighbours. `diagram` stands in the page as JSON.
const diagram = JSON.parse(document.getElementById("diagram").textContent);
const stage = document.querySelector("main");
const drawing = stage.querySelector("svg");
const list = document.querySelector("nav");
const search = document.querySelector("input");
const details = document.getElementById("details");
const tables = new Map(diagram.tables.map((table) => [table.node, table]));
const view = { x: 0, y: 0, scale: 1 };
const box = drawing.viewBox.baseVal;
drawing.setAttribute("width", box.width);
drawing.setAttribute("height", box.height);

function show() {
  drawing.style.transform = `translate(${view.x}px, ${view.y}px) scale(${view.scale})`;
}

function fit() {
  const { clientWidth: width, clientHeight: height } = stage;
  view.scale = Math.min(width / box.width, height / box.height, 1.5);
  view.x = (width - box.width * view.scale) / 2;
  view.y = (height - box.height * view.scale) / 2;
  show();
}

function zoom(factor, x = stage.clientWidth / 2, y = stage.clientHeight / 2) {
  const scale = Math.min(8, Math.max(0.02, view.scale * factor));
  view.x = x - ((x - view.x) * scale) / view.scale;
  view.y = y - ((y - view.y) * scale) / view.scale;
  view.scale = scale;
  show();
}

function center(node) {
  view.scale = Math.max(view.scale, Math.min(1, 2 * view.scale + 0.4));
  show();
  const at = drawing.querySelector(`#${node}`).getBoundingClientRect();
  const around = stage.getBoundingClientRect();
  view.x += around.left + around.width / 2 - (at.left + at.width / 2);
  view.y += around.top + around.height / 2 - (at.top + at.height / 2);
  show();
}

function choose(node, { move = true } = {}) {
  for (const marked of drawing.querySelectorAll(".near, .chosen")) marked.classList.remove("near", "chosen");
  for (const button of list.querySelectorAll("button"))
    button.setAttribute("aria-current", button.dataset.node === node);
  stage.classList.toggle("focused", node !== undefined);
  details.replaceChildren();
  history.replaceState(
    null,
    "",
    node === undefined ? location.pathname : `#${encodeURIComponent(tables.get(node).id)}`,
  );
  if (node === undefined) return;
  const near = [...drawing.querySelectorAll(`.relation.${node}`)];
  for (const relation of near) {
    relation.classList.add("near");
    for (const name of relation.classList) drawing.querySelector(`.entity#${CSS.escape(name)}`)?.classList.add("near");
  }
  drawing.querySelector(`#${node}`).classList.add("near", "chosen");
  list.querySelector(`[data-node=${node}]`)?.scrollIntoView({ block: "nearest" });
  describe(tables.get(node));
  if (move) center(node);
}

function describe(table) {
  const head = document.createElement("h3");
  head.textContent = table.id;
  const lines = [table.change, `${table.columns} columns`, table.rows].filter(Boolean);
  const facts = document.createElement("p");
  facts.textContent = [lines.join(" · "), table.comment].filter(Boolean).join("\n");
  const links = document.createElement("ul");
  for (const relation of diagram.relations) {
    if (relation.child !== table.node && relation.parent !== table.node) continue;
    const out = relation.child === table.node;
    const other = tables.get(out ? relation.parent : relation.child);
    const item = document.createElement("li");
    const link = document.createElement("a");
    link.textContent = other.name;
    link.addEventListener("click", () => choose(other.node));
    item.append(out ? `${relation.columns} → ` : "", link, out ? "" : `.${relation.columns} → here`);
    links.append(item);
  }
  details.replaceChildren(head, facts, links);
}

function fillList() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const groups = new Map();
  for (const table of diagram.tables) {
    if (!words.every((word) => table.search.includes(word))) continue;
    groups.set(table.group, [...(groups.get(table.group) ?? []), table]);
  }
  const parts = [...groups].flatMap(([group, members]) => {
    const head = document.createElement("h2");
    const colour = document.createElement("i");
    colour.style.background = diagram.groups[group];
    head.append(colour, group);
    const buttons = members.map((table) => {
      const button = document.createElement("button");
      button.textContent = table.name;
      button.title = table.id;
      button.dataset.node = table.node;
      if (table.change) button.className = table.change;
      button.addEventListener("click", () => choose(table.node));
      return button;
    });
    return [head, ...buttons];
  });
  list.replaceChildren(...parts);
}

search.addEventListener("input", fillList);
search.addEventListener("keydown", (event) => {
  const first = list.querySelector("button");
  if (event.key === "Enter" && first) choose(first.dataset.node);
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    search.value = "";
    fillList();
    choose(undefined);
    fit();
  }
  if (document.activeElement === search) return;
  if (event.key === "/") {
    event.preventDefault();
    search.focus();
  }
  if (event.key === "+" || event.key === "=") zoom(1.25);
  if (event.key === "-") zoom(0.8);
  if (event.key === "0") fit();
});

let held;
stage.addEventListener("pointerdown", (event) => {
  if (event.target.closest("#controls")) return;
  held = { x: event.clientX - view.x, y: event.clientY - view.y, moved: false, target: event.target };
  stage.setPointerCapture(event.pointerId);
});
stage.addEventListener("pointermove", (event) => {
  if (!held) return;
  const [x, y] = [event.clientX - held.x, event.clientY - held.y];
  held.moved ||= Math.hypot(x - view.x, y - view.y) > 4;
  if (!held.moved) return;
  stage.classList.add("panning");
  view.x = x;
  view.y = y;
  show();
});
stage.addEventListener("pointerup", () => {
  stage.classList.remove("panning");
  if (held && !held.moved) choose(held.target.closest?.(".entity")?.id, { move: false });
  held = undefined;
});
stage.addEventListener("pointercancel", () => {
  held = undefined;
});
stage.addEventListener(
  "wheel",
  (event) => {
    event.preventDefault();
    const { left, top } = stage.getBoundingClientRect();
    zoom(Math.exp(-event.deltaY / 400), event.clientX - left, event.clientY - top);
  },
  { passive: false },
);
document.getElementById("in").addEventListener("click", () => zoom(1.25));
document.getElementById("out").addEventListener("click", () => zoom(0.8));
document.getElementById("fit").addEventListener("click", fit);
addEventListener("resize", fit);

fillList();
fit();
const wanted = decodeURIComponent(location.hash.slice(1));
const found = diagram.tables.find(({ id }) => id === wanted);
if (found) choose(found.node);
