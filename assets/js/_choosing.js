// A long list of offices is searched by typing a part of the name, with or without accents.

const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").replace(/đ/gi, "d").toLowerCase();

const MANY = 12; // below this the list itself is quicker than typing

function makeSearchable(select) {
  if (select.dataset.ready || select.options.length < MANY) return;
  select.dataset.ready = "1";
  const all = [...select.options].map((option) => ({ option, folded: fold(option.text) }));
  const field = document.createElement("input");
  field.type = "search";
  field.className = "form-control desk-narrow";
  field.autocomplete = "off";
  field.placeholder = select.dataset.searchable;
  field.setAttribute("aria-label", `${select.labels[0]?.textContent.trim()}: ${field.placeholder}`);
  select.before(field);

  field.addEventListener("input", (event) => {
    event.stopPropagation(); // only a choice counts
    const words = fold(field.value).split(/\s+/).filter(Boolean);
    const kept = all.filter(({ option, folded }) => option.selected || !option.value || words.every((it) => folded.includes(it)));
    select.replaceChildren(...kept.map((it) => it.option));
    select.size = words.length ? Math.min(Math.max(kept.length, 2), 7) : 1;
  });
  field.addEventListener("change", (event) => event.stopPropagation());
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      event.preventDefault();
      const found = [...select.options].find((it) => it.value && !it.selected);
      if (field.value && found) choose(found);
    }
    if (event.key === "ArrowDown") {
      event.preventDefault();
      select.focus();
    }
  });
  select.addEventListener("change", clear);

  function choose(option) {
    option.selected = true;
    clear();
    select.dispatchEvent(new Event("change", { bubbles: true }));
  }
  function clear() {
    const chosen = select.value;
    field.value = "";
    select.replaceChildren(...all.map((it) => it.option));
    select.value = chosen;
    select.size = 1;
  }
}

export const prepare = (root) => root.querySelectorAll("select[data-searchable]").forEach(makeSearchable);

prepare(document);
document.addEventListener("htmx:load", ({ detail }) => prepare(detail.elt));
