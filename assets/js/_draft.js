// What was typed survives a reload or a change of language, in this tab only and without the contact.
const NAME = "tinhso-report";
const FIELDS = ["category", "text", "commune", "lat", "lon"];

/** Restore what was typed into a form that comes empty, and keep what is typed from now on. */
export function keepDraft(form) {
  const fresh = FIELDS.every((name) => !form.elements[name].value);
  try {
    const kept = JSON.parse(sessionStorage.getItem(NAME) ?? "{}");
    if (fresh) for (const name of FIELDS) if (kept[name]) form.elements[name].value = kept[name];
    const save = () =>
      sessionStorage.setItem(NAME, JSON.stringify(Object.fromEntries(FIELDS.map((it) => [it, form.elements[it].value]))));
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
