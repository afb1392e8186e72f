// Photos are made smaller before they are sent: a phone's picture of 5 MB takes minutes on a slow line.
const LONGEST_SIDE = 1600; // pixels
const QUALITY = 0.85;

/** *file* at most LONGEST_SIDE pixels long, upright; the file itself where the browser cannot read it. */
async function smaller(file) {
  try {
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, LONGEST_SIDE / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(picture.width * scale);
    canvas.height = Math.round(picture.height * scale);
    const pen = canvas.getContext("2d");
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
    picture.close();
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
    if (!blob || blob.size >= file.size) return file;
    return new File([blob], file.name.replace(/\.\w+$/, "") + ".jpg", { type: "image/jpeg" });
  } catch {
    return file;
  }
}

/** Let *input* gather photos over several turns, smaller, each with a preview that can be taken away again. */
export function smallerPhotos(input, form) {
  const list = form.querySelector("[data-photos]");
  const most = Number(input.dataset.most);
  let chosen = [];
  let turn = Promise.resolve();
  let pending = 0;

  const show = () => {
    const files = new DataTransfer();
    for (const { file } of chosen) files.items.add(file);
    input.files = files.files;
    if (!list) return;
    list.querySelectorAll("[data-preview]").forEach((it) => it.remove());
    list.append(...chosen.map(preview));
  };
  const preview = (photo) => {
    const item = document.createElement("li");
    item.className = "photo";
    item.dataset.preview = "";
    const image = document.createElement("img");
    image.alt = photo.file.name;
    image.src = photo.url;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "photo-remove";
    button.setAttribute("aria-label", `${form.dataset.remove}: ${photo.file.name}`);
    const cross = document.createElement("span");
    cross.textContent = "×";
    button.append(cross);
    button.addEventListener("click", () => {
      URL.revokeObjectURL(photo.url);
      chosen = chosen.filter((it) => it !== photo);
      show();
      input.focus();
    });
    item.append(image, button);
    return item;
  };
  const take = async (files) => {
    for (const file of files.slice(0, Math.max(0, most - chosen.length))) {
      const small = await smaller(file);
      chosen.push({ file: small, url: URL.createObjectURL(small) });
    }
    show();
  };

  input.addEventListener("change", () => {
    const files = [...input.files];
    if (!list) chosen = []; // without previews a new choice takes the place of the old one, as browsers do it
    pending += 1;
    turn = turn.then(() => take(files)).finally(() => (pending -= 1));
  });
  // Whoever presses "send" while pictures are still being made smaller waits for them.
  form.addEventListener("submit", (event) => {
    if (!pending) return;
    event.preventDefault();
    turn.then(() => setTimeout(() => form.requestSubmit()));
  });
}
