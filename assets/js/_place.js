// Where it is: the phone's position, a tap on the map, or the commune found by typing a part of its name.
const POSITION_WAIT = 15_000; // milliseconds
const MOST_SHOWN = 6;

/** *text* without case and diacritics, as the server folds names. */
export const fold = (text) =>
  text.normalize("NFD").replace(/\p{M}/gu, "").replace(/[đĐ]/g, "d").toLowerCase().trim();

export function choosePlace(form) {
  const lat = form.querySelector("[data-lat]");
  const lon = form.querySelector("[data-lon]");
  const taken = form.querySelector("[data-place-taken]");
  const map = form.querySelector("[data-map]");
  const openButton = form.querySelector("[data-open-map]");
  let pin; // set when the map is open

  const say = (words, fault = false) => {
    taken.hidden = false;
    taken.classList.toggle("place-fault", fault);
    taken.querySelector("span").textContent = words;
    taken.querySelector("button").hidden = fault;
  };
  const set = (latitude, longitude, words) => {
    lat.value = latitude.toFixed(6);
    lon.value = longitude.toFixed(6);
    lat.dispatchEvent(new Event("change", { bubbles: true }));
    say(words);
    pin?.(longitude, latitude);
  };
  const clear = () => {
    lat.value = lon.value = "";
    lat.dispatchEvent(new Event("change", { bubbles: true }));
    taken.hidden = true;
    pin?.();
  };

  form.querySelector("[data-place-tools]").hidden = false;
  form.querySelector("[data-place-clear]").addEventListener("click", clear);
  if (lat.value && lon.value) say(taken.dataset.chosen);

  const locate = form.querySelector("[data-locate]");
  locate.hidden = !navigator.geolocation;
  locate.addEventListener("click", () => {
    say(locate.dataset.waiting);
    navigator.geolocation.getCurrentPosition(
      ({ coords }) =>
        set(coords.latitude, coords.longitude, locate.dataset.found.replace("{m}", Math.ceil(coords.accuracy))),
      () => say(locate.dataset.refused, true),
      { enableHighAccuracy: true, timeout: POSITION_WAIT, maximumAge: 60_000 },
    );
  });

  openButton.addEventListener("click", async () => {
    const opens = map.hidden;
    map.hidden = !opens;
    form.querySelector("[data-map-note]").hidden = !opens;
    openButton.setAttribute("aria-expanded", String(opens));
    if (!opens || pin) return;
    try {
      const { pinMap } = await import("./_map.js");
      const start = lat.value && lon.value ? [Number(lon.value), Number(lat.value)] : null;
      pin = await pinMap(map, start, (longitude, latitude, commune) =>
        set(latitude, longitude, [taken.dataset.chosen, commune].filter(Boolean).join(": ")),
      );
    } catch {
      map.hidden = true;
      openButton.hidden = true;
      say(openButton.dataset.failed, true);
    }
  });

  findCommune(form.querySelector("[data-commune-find]"), form.elements.commune);
}

/** A field above *select* that finds its options by any part of their names, without diacritics. */
function findCommune(box, select) {
  const input = box.querySelector("input");
  const list = box.querySelector("ul");
  const options = [...select.options].filter((it) => it.value).map((it) => [it, fold(it.text)]);
  let current = -1;
  box.hidden = false;

  const close = () => {
    list.hidden = true;
    current = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const choose = (value) => {
    select.value = value;
    select.dispatchEvent(new Event("change", { bubbles: true }));
    input.value = "";
    close();
    select.focus();
  };
  const mark = (place) => {
    const items = [...list.children];
    if (!items.length) return;
    current = (place + items.length) % items.length;
    items.forEach((it, i) => it.setAttribute("aria-selected", String(i === current)));
    input.setAttribute("aria-activedescendant", items[current].id);
  };
  input.addEventListener("input", () => {
    const asked = fold(input.value);
    const found = asked ? options.filter(([, name]) => name.includes(asked)).slice(0, MOST_SHOWN) : [];
    list.replaceChildren(
      ...found.map(([option], i) => {
        const item = document.createElement("li");
        item.id = `commune-${i}`;
        item.role = "option";
        item.setAttribute("role", "option");
        item.dataset.value = option.value;
        item.textContent = option.text;
        return item;
      }),
    );
    list.hidden = !found.length;
    input.setAttribute("aria-expanded", String(found.length > 0));
    current = -1;
    if (found.length) mark(0);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      mark(current + (event.key === "ArrowDown" ? 1 : -1));
    } else if (event.key === "Enter") {
      event.preventDefault(); // never sends the report
      if (current >= 0) choose(list.children[current].dataset.value);
    } else if (event.key === "Escape") close();
  });
  list.addEventListener("mousedown", (event) => event.preventDefault()); // the field keeps the focus until the click
  list.addEventListener("click", (event) => {
    const item = event.target.closest("li");
    if (item) choose(item.dataset.value);
  });
  input.addEventListener("blur", close);
}
