// The inbox: moving along the rows, choosing a list by its digit, searching.
import { onKey } from "./_keys.js";

const rows = () => [...document.querySelectorAll("#list .desk-open")];

function move(by) {
  const links = rows();
  if (!links.length) return false;
  const now = links.indexOf(document.activeElement);
  const next = now < 0 ? (by > 0 ? 0 : links.length - 1) : Math.min(Math.max(now + by, 0), links.length - 1);
  links[next].focus();
  links[next].closest(".desk-row").scrollIntoView({ block: "nearest" });
  return true;
}

function search() {
  const field = document.getElementById("q");
  field.focus();
  field.select();
  return true;
}

if (document.getElementById("list")) {
  document.querySelector(".desk-tab[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  onKey((key) => {
    if (key === "j") return move(1);
    if (key === "k") return move(-1);
    if (key === "/") return search();
    const tab = /^[1-9]$/.test(key) && document.querySelector(`[data-digit="${key}"]`);
    if (tab) tab.click();
    return Boolean(tab);
  });

  // An address that says only what was chosen can be read and sent on.
  document.addEventListener("htmx:configRequest", ({ detail }) => {
    if (detail.elt.id !== "filters") return;
    for (const name of [...new Set(detail.formData.keys())]) if (!detail.formData.get(name)) detail.formData.delete(name);
  });
}
