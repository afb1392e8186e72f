// Pages of staff: parts of a page that load by themselves, menus, and keys.
import htmx from "htmx.org";
import "./_keys.js";
import "./_inbox.js";
import "./_case.js";
import "./_choosing.js";

htmx.config.includeIndicatorStyles = false; // the content policy allows no inline styles
htmx.config.allowEval = false;
htmx.config.selfRequestsOnly = true;
htmx.config.historyCacheSize = 0; // pages of staff do not stay behind in the browser
htmx.config.refreshOnHistoryMiss = true;
htmx.config.responseHandling = [
  { code: "204", swap: false },
  { code: "[23]..", swap: true },
  { code: "4..", swap: true }, // a form that was refused comes back with its reasons
  { code: "...", swap: false, error: true },
];
window.htmx = htmx;

/** A menu closes when one clicks elsewhere or presses Escape. */
const openMenus = () => document.querySelectorAll("details.menu[open]");
document.addEventListener("click", (event) => {
  for (const menu of openMenus()) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of openMenus()) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
