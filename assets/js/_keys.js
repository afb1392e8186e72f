// Keys of the desk: a handler is asked only when nobody is typing and no dialog lies over the page.

/** Whether a key now belongs to a field, a dialog or the browser. */
export const isTaken = (event) =>
  event.defaultPrevented ||
  event.ctrlKey || event.metaKey || event.altKey ||
  event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]") !== null ||
  document.querySelector("dialog[open]") !== null;

/** Calls `act(key)` for each key that is free; what returns true was meant for it. */
export function onKey(act) {
  document.addEventListener("keydown", (event) => {
    if (!isTaken(event) && act(event.key)) event.preventDefault();
  });
}

/** Opens the dialog *id*, if the page has it. */
export function openDialog(id) {
  const dialog = document.getElementById(id);
  if (dialog && !dialog.open) dialog.showModal();
  return dialog !== null;
}

/** Any element with `data-close` closes the dialog around it; so does a click beside the dialog. */
function closing(event) {
  const dialog = event.target.closest("dialog");
  if (!dialog) return;
  if (event.target === dialog || event.target.closest("[data-close]")) {
    event.preventDefault();
    dialog.close();
  }
}

if (typeof HTMLDialogElement === "function") {
  document.addEventListener("click", closing);
  for (const button of document.querySelectorAll("[data-open]")) {
    button.hidden = false;
    button.addEventListener("click", () => openDialog(button.dataset.open));
  }
  onKey((key) => key === "?" && openDialog("keys"));
}
