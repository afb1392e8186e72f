// What was typed survives a reload or a change of language, in this tab only and without the contact.
const NAME = "tinhso-report";
const FIELDS = ["category", "text", "commune", "lat", "lon"];

function read(form) {
  const data = new FormData(form);
  return Object.fromEntries(FIELDS.map((name) => [name, data.get(name) ?? ""]));
}

function write(form, kept) {
  for (const name of FIELDS) {
    for (const field of form.querySelectorAll(`[name="${name}"]`)) {
      if (field.type === "radio") field.checked = field.value === kept[name];
      else field.value = kept[name] ?? "";
    }
  }
}

/** Restore what was typed into a form that comes empty, and keep what is typed from now on. */
export function keepDraft(form) {
  try {
    const kept = sessionStorage.getItem(NAME);
    if (kept && Object.values(read(form)).every((value) => !value)) write(form, JSON.parse(kept));
    const save = () => sessionStorage.setItem(NAME, JSON.stringify(read(form)));
    form.addEventListener("input", save);
    form.addEventListener("change", save);
  } catch {
    // Storage may be switched off; then nothing is kept.
  }
}

export function forgetDraft() {
  try {
    sessionStorage.removeItem(NAME);
  } catch {
    // See above.
  }
}
