// A file that is dropped on a page that takes one is read into its form and sent, to be shown before anything is done with it.

const kept = "muster.dropped";

export function startDrop() {
  const field = () => /** @type {HTMLInputElement | null} */ (document.querySelector("input[data-into]"));
  const elsewhere = () => /** @type {HTMLAnchorElement | null} */ (document.querySelector("a[data-takes-files]"));
  document.addEventListener("dragover", event => {
    if (!event.dataTransfer?.types.includes("Files") || !(field() || elsewhere())) return;
    event.preventDefault();
    document.body.classList.add("dropping");
  });
  document.addEventListener("dragleave", event => { if (!event.relatedTarget) document.body.classList.remove("dropping"); });
  document.addEventListener("drop", async event => {
    document.body.classList.remove("dropping");
    const file = event.dataTransfer?.files[0];
    if (!file || !(field() || elsewhere())) return;
    event.preventDefault();
    const text = await file.text();
    if (field()) return read(text);
    sessionStorage.setItem(kept, text);
    elsewhere()?.click();
  });
  document.addEventListener("change", async event => {
    const chosen = /** @type {HTMLInputElement} */ (event.target);
    if (chosen !== field() || !chosen.files?.[0]) return;
    const text = await chosen.files[0].text();
    chosen.value = "";
    read(text);
  });
  // Dropped on the page before, which leads here.
  const text = sessionStorage.getItem(kept);
  if (text !== null && field()) {
    sessionStorage.removeItem(kept);
    read(text);
  }

  /** @param {string} text */
  function read(text) {
    const into = /** @type {HTMLTextAreaElement} */ (document.getElementById(field()?.dataset.into ?? ""));
    into.value = text;
    into.form?.requestSubmit(into.form.querySelector("button[value=read]"));
  }
}
