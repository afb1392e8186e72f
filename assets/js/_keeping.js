// The page after sending: copy the link, pass it on, put the site on the home screen.
import { forgetDraft } from "./_draft.js";

export function offerKeeping(box) {
  forgetDraft();
  box.hidden = false;
  const { link, title } = box.dataset;

  const copy = box.querySelector("[data-copy]");
  copy.hidden = !navigator.clipboard;
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(link);
    copy.querySelector("span").textContent = copy.dataset.done;
  });

  const share = box.querySelector("[data-share]");
  share.hidden = !navigator.share;
  share.addEventListener("click", () => navigator.share({ title, url: link }).catch(() => {})); // closed by the person

  const install = box.querySelector("[data-install]");
  window.addEventListener("beforeinstallprompt", (event) => {
    event.preventDefault();
    install.hidden = false;
    install.addEventListener("click", () => event.prompt(), { once: true });
  });
}
