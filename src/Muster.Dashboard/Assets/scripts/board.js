// A card of the pending column is dragged to another priority, or moved there by the keys 1 to 5 while it has the focus. X selects it.

export function startBoard() {
  /** @type {HTMLElement | null} */
  let held = null;
  document.addEventListener("dragstart", event => {
    held = /** @type {HTMLElement} */ (event.target).closest?.("[data-task]") ?? null;
    if (!held || !event.dataTransfer) return;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", held.dataset.task ?? "");
    // Above what is drawn anew: what comes meanwhile must not hide where it can be dropped.
    document.body.classList.add("moving");
  });
  document.addEventListener("dragover", event => {
    const band = bandOf(event);
    for (const other of document.querySelectorAll(".band.over")) if (other !== band) other.classList.remove("over");
    if (!held || !band) return;
    event.preventDefault();
    band.classList.add("over");
  });
  document.addEventListener("drop", event => {
    const band = bandOf(event);
    if (!held || !band) return;
    event.preventDefault();
    if (band !== held.closest(".band")) move(held, band.dataset.priority ?? "");
  });
  document.addEventListener("dragend", () => {
    held = null;
    for (const one of document.querySelectorAll(".moving, .over")) one.classList.remove("moving", "over");
  });
  document.addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const target = /** @type {HTMLElement} */ (event.target);
    const tile = target.matches("input:not([type=checkbox]), select, textarea") ? null : target.closest(".board .tile");
    const pending = /** @type {HTMLElement | null | undefined} */ (tile?.closest("[data-task]"));
    const pick = /** @type {HTMLInputElement | null | undefined} */ (tile?.querySelector(".pick"));
    if (pending && pick && /^[1-5]$/.test(event.key)) move(pending, event.key);
    else if (pick && event.key === "x") pick.click();
    else return;
    event.preventDefault();
  });
}

/** @param {DragEvent} event @returns {HTMLElement | null} */
function bandOf(event) {
  return /** @type {Element} */ (event.target).closest?.(".band") ?? null;
}

/** @param {HTMLElement} card @param {string} priority */
function move(card, priority) {
  const form = /** @type {HTMLFormElement | null} */ (document.getElementById("move"));
  if (!form) return;
  /** @type {HTMLInputElement} */ (form.elements.namedItem("key")).value = card.dataset.task ?? "";
  /** @type {HTMLInputElement} */ (form.elements.namedItem("priority")).value = priority;
  form.requestSubmit();
}
