"use strict";
// Tables: a click on a head (or Enter) sorts by it; rows of figures as numbers.
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
    const down = head.getAttribute("aria-sort") !== "descending";
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const isFigure = head.classList.contains("figure");
    const value = (row) => isFigure ? parseFloat(row.cells[column].textContent) : row.cells[column].textContent;
    const compare = (a, b) => {
      const [x, y] = [value(a), value(b)];
      if (isFigure && (Number.isNaN(x) || Number.isNaN(y))) return Number.isNaN(x) - Number.isNaN(y);
      const order = isFigure ? x - y : x.localeCompare(y);
      return down ? -order : order;
    };
    table.tBodies[0].append(...[...table.tBodies[0].rows].sort(compare));
  }));
}
const filter = document.getElementById("filter");
filter.addEventListener("input", () => {
  for (const row of document.querySelectorAll("#leaderboard tbody tr")) {
    row.hidden = !row.cells[1].textContent.toLowerCase().includes(filter.value.toLowerCase());
  }
});

// Mazes.
const UP = 1, DOWN = 2, LEFT = 4, RIGHT = 8, STEP = 24;
const MOVES = { U: [-1, 0, UP], D: [1, 0, DOWN], L: [0, -1, LEFT], R: [0, 1, RIGHT] };
const RIGHT_ONES = new Set(["optimal", "solved", "unreachable"]);
const get = (id) => document.getElementById(id);
const make = (name, attributes = {}, text = "") => {
  const svg = ["svg", "path", "line", "text"].includes(name);
  const found = svg ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) found.setAttribute(key, value);
  found.textContent = text;
  return found;
};
const options = (id, values) => get(id).replaceChildren(...values.map(([value, text]) => make("option", { value }, text)));

async function unpack() {
  const bytes = Uint8Array.from(atob(get("data").textContent), (sign) => sign.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

function draw(one, line) {
  const [group, name, rows, cols, walls, start, goal] = one;
  const at = (row, col) => [STEP * (col + 0.5) + 2, STEP * (row + 0.5) + 2];
  const said = line ? `${line[1]}, ${line[2] === null ? "no" : line[2].length} moves` : "not asked";
  const picture = make("svg", { viewBox: `0 0 ${STEP * cols + 4} ${STEP * rows + 4}`, role: "img", "aria-label": `${group} ${name}: ${said}` });
  let path = "";
  for (let row = 0; row < rows; row++) for (let col = 0; col < cols; col++) {
    const [x, y] = [STEP * col + 2, STEP * row + 2], bits = parseInt(walls[row * cols + col], 16);
    if (bits & UP) path += `M${x} ${y}h${STEP}`;
    if (bits & LEFT) path += `M${x} ${y}v${STEP}`;
    if (row === rows - 1 && bits & DOWN) path += `M${x} ${y + STEP}h${STEP}`;
    if (col === cols - 1 && bits & RIGHT) path += `M${x + STEP} ${y}v${STEP}`;
  }
  picture.append(make("path", { class: "walls", d: path }));
  if (line && line[2]) {
    let [row, col] = start, way = `M${at(row, col).join(" ")}`;
    for (const move of line[2].slice(0, line[3])) {
      row += MOVES[move][0]; col += MOVES[move][1];
      way += `L${at(row, col).join(" ")}`;
    }
    picture.append(make("path", { class: "way", d: way }));
    const illegal = line[2][line[3]];
    if (illegal) {
      const [x, y] = at(row, col), [down, right] = MOVES[illegal];
      picture.append(make("line", { class: "wrong", x1: x, y1: y, x2: x + right * STEP * 0.6, y2: y + down * STEP * 0.6 }));
    }
  }
  for (const [letter, place] of [["S", start], ["G", goal]]) {
    const [x, y] = at(...place);
    picture.append(make("text", { class: "letter", x, y }, letter));
  }
  return picture;
}

unpack().then(({ cases, runs }) => {
  // of each run the replies to each case, in the order of the cases
  const lines = runs.map(() => new Map());
  cases.forEach((one, at) => {
    for (const line of one[7]) {
      const of = lines[line[0]];
      if (of.has(at)) of.get(at).push(line); else of.set(at, [line]);
    }
  });
  const names = runs.map((run, at) => [at, run.name]);
  options("left", names);
  options("right", names);
  const before = () => runs[get("right").value].before ?? null;  // the run that the one on the right was compared with
  const asked = runs.filter((run) => !run.is_saved), pair = asked.findLastIndex((run) => (run.before ?? null) !== null);
  get("right").value = pair < 0 ? asked.length - 1 : pair;
  let compared = before();
  get("left").value = compared ?? 0;
  options("group", [["", "any"], ...[...new Set(cases.map((one) => one[0]))].map((group) => [group, group])]);
  options("outcome", [["", "any"], ...[...new Set(cases.flatMap((one) => one[7].map((line) => line[1])))].sort().map((word) => [word, word])]);
  const solved = (replies) => replies.filter((line) => RIGHT_ONES.has(line[1])).length;
  const isScored = (replies) => replies && replies.every((line) => line[1] !== "error");
  // as the comparison above: of several replies most are right, and a case without a reply in one run is not compared
  const isRight = (replies) => 2 * solved(replies) > replies.length;
  const changed = (before, after) => {
    if (!isScored(before) || !isScored(after)) return "";
    return isRight(before) === isRight(after) ? "same" : isRight(after) ? "fixed" : "broken";
  };

  function choose() {
    const [left, right] = [lines[get("left").value], lines[get("right").value]];
    const fits = cases.map((one, at) => at).filter((at) => {
      const [before, after] = [left.get(at), right.get(at)];
      return (before || after) && (!get("group").value || cases[at][0] === get("group").value)
        && (!get("outcome").value || (after && after.some((line) => line[1] === get("outcome").value)))
        && (!get("change").value || changed(before, after) === get("change").value);
    });
    options("case", fits.map((at) => [at, `${cases[at][0]}/${cases[at][1]}`]));
    get("count").textContent = `${fits.length} mazes`;
    show();
  }

  function show() {
    const at = get("case").value, view = get("view");
    view.replaceChildren();
    if (at === "") return;
    const shown = get("left").value === get("right").value ? ["right"] : ["left", "right"];
    for (const side of shown) {
      const replies = lines[get(side).value].get(Number(at)) || [], part = make("div");
      const said = replies.length > 1 ? `${solved(replies)} of ${replies.length} solved` : replies.length ? replies[0][1] : "not asked";
      part.append(make("h3", {}, `${runs[get(side).value].name}: ${said}`));
      for (const line of replies.length ? replies : [undefined]) {
        part.append(draw(cases[at], line));
        if (line) part.append(make("p", {}, `${replies.length > 1 ? `${line[1]}, ` : ""}${line[2] === null ? "no" : line[2].length} moves, ${line[4]} tokens`), make("pre", {}, line[5]));
      }
      view.append(part);
    }
  }

  get("right").addEventListener("change", () => {
    // who looks at a comparison goes on to look at comparisons
    if (before() !== null && get("left").value === String(compared)) get("left").value = before();
    compared = before();
  });
  for (const id of ["left", "right", "group", "outcome", "change"]) get(id).addEventListener("change", choose);
  get("case").addEventListener("change", show);
  const step = (by) => {
    const list = get("case");
    list.selectedIndex = Math.min(list.options.length - 1, Math.max(0, list.selectedIndex + by));
    show();
  };
  get("before").addEventListener("click", () => step(-1));
  get("after").addEventListener("click", () => step(1));
  get("choose").hidden = false;
  choose();
});
