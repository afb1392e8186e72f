// The page of a case: forms open over it, photos open large, letters choose what to do.
import htmx from "htmx.org";
import { onKey, openDialog } from "./_keys.js";

const dialog = document.getElementById("act");
const body = document.getElementById("act-body");

/** Shows the form at *address*. One that was closed comes back as it was left. */
async function openForm(address) {
  if (body.dataset.of !== address) {
    await htmx.ajax("GET", address, { target: body, swap: "innerHTML" });
    body.dataset.of = address;
  }
  openDialog("act");
  (body.querySelector(".is-invalid, textarea, .desk-field input:not([type=hidden]), .desk-field select") ?? body.querySelector("button"))?.focus();
}

function openPhoto(link) {
  const viewer = document.getElementById("viewer");
  const picture = viewer.querySelector("img");
  picture.src = link.href;
  picture.alt = link.querySelector("img").alt;
  openDialog("viewer");
}

/** The place on a map of the province, once somebody wants to see it. */
async function openMap(button) {
  const element = document.getElementById("case-map");
  button.disabled = true;
  try {
    element.hidden = false;
    const [{ provinceMap }, { Marker }] = await Promise.all([import("./_map.js"), import("maplibre-gl")]);
    const at = [Number(element.dataset.longitude), Number(element.dataset.latitude)];
    const { map } = await provinceMap(element);
    new Marker({ color: "#b0231c" }).setLngLat(at).addTo(map);
    map.jumpTo({ center: at, zoom: 11 });
    button.hidden = true;
  } catch {
    element.hidden = true;
    button.replaceWith(button.dataset.failed);
  }
}

const mapButton = document.querySelector("[data-show-map]");
if (mapButton) {
  mapButton.hidden = false;
  mapButton.addEventListener("click", () => openMap(mapButton));
}

if (document.querySelector("[data-case]") && typeof HTMLDialogElement === "function") {
  document.addEventListener("click", (event) => {
    if (event.button || event.ctrlKey || event.metaKey || event.shiftKey) return; // a new tab is wanted
    const form = event.target.closest("a[data-form]");
    const photo = event.target.closest("a[data-photo]");
    if (!form && !photo) return;
    event.preventDefault();
    if (form) openForm(form.getAttribute("href"));
    else openPhoto(photo);
  });
  onKey((key) => {
    const chosen = /^[a-z]$/.test(key) && document.querySelector(`[data-letter="${key}"]`);
    if (!chosen) return false;
    if (chosen.matches("a")) chosen.click();
    else chosen.focus();
    return true;
  });
  // What came back with faults is read from its top.
  dialog.addEventListener("htmx:afterSwap", () => {
    dialog.scrollTop = 0;
    (body.querySelector("[role=alert]") ?? body.querySelector(".is-invalid"))?.scrollIntoView({ block: "nearest" });
    body.querySelector(".is-invalid")?.focus();
  });
}
