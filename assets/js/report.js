// Residents' pages: what makes them quicker on a phone. Every page works without this.
import { keepDraft } from "./_draft.js";
import { offerKeeping } from "./_keeping.js";
import { smallerPhotos } from "./_photos.js";
import { choosePlace } from "./_place.js";

document.documentElement.classList.add("with-script");
document.getElementById("summary")?.focus();

for (const form of document.querySelectorAll("form[data-report]")) {
  for (const input of form.querySelectorAll("input[type=file]")) smallerPhotos(input, form);
  const button = form.querySelector("[data-send]");
  const words = button.querySelector("span");
  const idle = words.textContent;
  form.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return; // it is sent again by itself
    // After the browser has gathered the form, so that nothing is left out of it.
    setTimeout(() => {
      button.disabled = true;
      words.textContent = form.dataset.sending;
    });
  });
  window.addEventListener("pageshow", () => {
    button.disabled = false;
    words.textContent = idle;
  });
}

const report = document.querySelector("form.report");
if (report) {
  keepDraft(report);
  choosePlace(report);
}
const keep = document.querySelector("[data-keep]");
if (keep) offerKeeping(keep);
