// The board: figures that stay fresh while somebody looks at them, choosers, and the map.
import htmx from "htmx.org";

const EVERY = 5_000; // milliseconds between two looks at the figures
const CALM = 10_000; // milliseconds at the least between two loads of tables and map

const board = document.querySelector("[data-board]");

/** Calls *act* now and, while calls keep coming, once every *pause* milliseconds. */
function calmly(act, pause) {
  let last = -Infinity;
  let waiting = 0;
  return () => {
    if (waiting) return;
    const left = last + pause - performance.now();
    waiting = setTimeout(() => {
      waiting = 0;
      last = performance.now();
      act();
    }, Math.max(0, left));
  };
}

function keepFresh() {
  const stamp = document.getElementById("stamp");
  const words = stamp.querySelector("[data-words]");
  const changed = calmly(() => {
    htmx.trigger("#tables", "ioc:changed");
    document.dispatchEvent(new Event("ioc:places"));
  }, CALM);
  let said = document.getElementById("figures").dataset.said;

  const look = () => {
    if (!document.hidden) htmx.trigger("#figures", "ioc:refresh");
  };
  const lost = (is) => {
    if (stamp.classList.toggle("ioc-lost", is) !== (words.textContent === stamp.dataset.lost)) {
      words.textContent = is ? stamp.dataset.lost : stamp.dataset.again;
      if (is) document.getElementById("said").textContent = `${stamp.dataset.lost} ${stamp.querySelector("time").textContent}`;
    }
  };
  document.body.addEventListener("ioc:counted", ({ detail }) => {
    stamp.querySelector("time").textContent = detail.at;
    lost(false);
  });
  document.body.addEventListener("htmx:afterSwap", () => {
    const fresh = document.getElementById("figures").dataset.said;
    if (fresh === said) return;
    document.getElementById("said").textContent = said = fresh;
    changed();
  });
  for (const name of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
    document.body.addEventListener(name, ({ detail }) => detail.elt?.id === "figures" && lost(true));
  }
  addEventListener("offline", () => lost(true));
  addEventListener("online", look);
  document.addEventListener("visibilitychange", look);
  setInterval(look, EVERY);
}

/** Filters act as soon as they are changed; their button is for pages without a script. */
function filterAtOnce() {
  for (const form of document.querySelectorAll("form[data-at-once]")) {
    form.querySelector("button").hidden = true;
    form.addEventListener("change", ({ target }) => {
      if (target.name === "type" && form.elements.category) form.elements.category.disabled = true;
      for (const field of form.elements) if (!field.value) field.disabled = true;
      form.submit();
    });
  }
}

async function openMap(element) {
  const wait = element.querySelector(".ioc-map-wait");
  wait.hidden = true;
  try {
    const { caseMap } = await import("./_cases_map.js");
    const refresh = await caseMap(element);
    document.addEventListener("ioc:places", refresh);
  } catch (error) {
    console.error(error);
    wait.firstChild.textContent = `${element.dataset.failed} `;
    wait.hidden = false;
    element.replaceChildren(wait);
  }
}

filterAtOnce();
if (board) keepFresh();
document.querySelectorAll("[data-map]").forEach(openMap);
document.querySelectorAll(".ioc-chooser").forEach((it) =>
  it.addEventListener("toggle", () => it.open && it.querySelector("[type=search]").focus()),
);
