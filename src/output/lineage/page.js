
"use strict";
(() => {
  const graph = document.getElementById("graph");
  const search = document.getElementById("search");
  const said = document.getElementById("said");
  const places = new Map(), up = new Map(), down = new Map();
  if (graph) {
    for (const at of graph.querySelectorAll(".at")) places.set(at.dataset.n, at);
    const add = (map, key, value) => map.has(key) ? map.get(key).push(value) : map.set(key, [value]);
    for (const path of graph.querySelectorAll(".lines path")) {
      add(down, path.dataset.a, [path.dataset.b, path]);
      add(up, path.dataset.b, [path.dataset.a, path]);
    }
  }
  let pinned = null;
  const clear = () => {
    if (!graph) return;
    graph.classList.remove("picked");
    for (const on of graph.querySelectorAll(".on")) on.classList.remove("on");
  };
  const pick = (n) => {
    clear();
    const place = places.get(n);
    if (!place) return;
    // A box stands for its columns as well.
    const head = place.parentElement.classList.contains("box") && place === place.parentElement.querySelector(".at");
    const starts = head ? [...place.parentElement.querySelectorAll(".at")].map((at) => at.dataset.n) : [n];
    graph.classList.add("picked");
    for (const map of [up, down]) {
      const seen = new Set(starts), open = [...starts];
      while (open.length) {
        const at = open.pop();
        places.get(at)?.classList.add("on");
        for (const [next, path] of map.get(at) ?? []) {
          path.classList.add("on");
          if (!seen.has(next)) { seen.add(next); open.push(next); }
        }
      }
    }
    for (const on of graph.querySelectorAll(".at.on")) on.parentElement.querySelector(".at").classList.add("on");
  };
  const back = () => pinned === null ? clear() : pick(pinned);
  for (const [n, place] of places) {
    place.addEventListener("mouseenter", () => pick(n));
    place.addEventListener("mouseleave", back);
    place.addEventListener("focus", () => pick(n));
    place.addEventListener("blur", back);
    place.addEventListener("click", () => { pinned = pinned === n ? null : n; back(); });
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { pinned = null; clear(); }
    if (event.key === "/" && document.activeElement !== search) { event.preventDefault(); search.focus(); }
  });
  const find = () => {
    const text = search.value.trim().toLowerCase();
    let hits = 0, first = null;
    for (const place of places.values()) {
      const hit = text !== "" && place.dataset.name.toLowerCase().includes(text);
      place.classList.toggle("found", hit);
      if (hit) { hits += 1; first ??= place; }
    }
    for (const section of document.querySelectorAll("section[data-name]")) {
      const any = text === "" || section.dataset.name.toLowerCase().includes(text);
      for (const row of section.querySelectorAll("tbody tr, li[data-name]")) {
        const hit = any || row.dataset.name.toLowerCase().includes(text);
        row.hidden = !hit;
      }
      section.hidden = !any && !section.querySelector("tbody tr:not([hidden]), li[data-name]:not([hidden])");
    }
    said.textContent = text === "" ? "" : hits === 1 ? "1 found in the graph" : hits + " found in the graph";
    return first;
  };
  search.addEventListener("input", find);
  search.addEventListener("keydown", (event) => {
    const first = event.key === "Enter" ? find() : null;
    if (first) { first.scrollIntoView({ block: "center", inline: "center" }); first.focus(); }
  });
  const start = graph?.querySelector(".row.asked, .box.asked, .row.changed, .box.changed");
  const frame = graph?.parentElement;
  if (start && frame) {
    const at = start.getBoundingClientRect(), of = frame.getBoundingClientRect();
    frame.scrollLeft += at.left - of.left - of.width / 2 + at.width / 2;
    frame.scrollTop += at.top - of.top - of.height / 2 + at.height / 2;
  }
})();
